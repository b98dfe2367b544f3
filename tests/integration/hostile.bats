# What no client should send: every method with every kind of wrong parameter, as rpc.discover tells them.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

@test "every parameter of every method is checked, and the message names it" {
	box <<-'E'
		doc = b.call("rpc.discover")
		good = {"sandbox_id": b.id, "pid": 4242, "path": "/tmp/x", "old_path": "/tmp/a", "new_path": "/tmp/b",
		        "data": "x", "cols": 80, "rows": 24, "files": [{"path": "/tmp/q", "data": "x"}], "timeout": 60, "watch_id": "w"}
		def resolve(schema):
		    while "$ref" in schema:
		        node = doc
		        for part in schema["$ref"].lstrip("#/").split("/"):
		            node = node[part]
		        schema = node
		    return schema
		def wrong(schema):
		    s = resolve(schema)
		    if "oneOf" in s or "anyOf" in s:  # bytes
		        return [1, True, [], {}, {"base64": 1}, {"base64": "!!!"}, {"base64": "AA==", "x": 1}]
		    if "type" not in s:  # any JSON
		        return []
		    type = s["type"]
		    values = {"string": "x", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
		    bad = [v for t, v in values.items() if t != type and (type, t) != ("number", "integer")]
		    if type in ("integer", "number"):
		        bad += ["1", 1e300, -1e300, s.get("minimum", 0) - 1]
		        bad += [s["maximum"] + 1] if s.get("maximum", 1 << 62) < 1 << 53 else []
		    if type == "string":
		        bad += ["x" * (s["maxLength"] + 1)] if "maxLength" in s else []
		        bad += ["nope", ""] if "enum" in s else []
		    if type == "array":
		        items = {} if resolve(s["items"]).get("type") == "object" else "x"
		        bad += [[1], [None], [[]]] + [[items] * (s["maxItems"] + 1)] if "maxItems" in s else []
		    if type == "object":
		        bad += [{"a": 1}, {"a": None}, {"a": []}, {"a": {}}]
		    return bad
		def refused(method, params, path):
		    e = error_of(b.call, method, params)
		    assert e.kind == "invalid_params" and str(e).startswith("params." + path), (method, path, e)
		cases = 0
		for method in doc["methods"]:
		    params = {p["name"]: p for p in method["params"]}
		    required = [name for name in params if params[name].get("required")]
		    base = {name: good.get(name, "x") for name in required}
		    for name in required:
		        refused(method["name"], {k: v for k, v in base.items() if k != name}, name)
		        refused(method["name"], {**base, name: None}, name)
		    refused(method["name"], {**base, "surplus": 1}, "surplus")
		    for name in params:
		        for value in wrong(params[name]["schema"]):
		            refused(method["name"], {**base, name: value}, name)
		            cases += 1
		assert cases > 1000, cases
		assert len(b.call("sandbox.list")["sandboxes"]) == 1
	E
}

@test "a transfer ends when what it waits for comes wrong" {
	box <<-'E'
		b.do("command.run", cmd="truncate -s 3M big")
		for method, note, wrong in (
		    ("file.write", "transfer.data", {"offset": 0, "data": 5}),
		    ("file.write", "transfer.data", {"offset": 0, "data": "x", "surplus": 1}),
		    ("file.read", "transfer.credit", {"bytes": 0}),
		    ("file.read", "transfer.credit", {"bytes": 1 << 40}),
		):
		    id = b.ask(method, path="big", stream=True)
		    b.notify(note, {"id": id, **wrong})
		    e = error_of(b.answer, id)
		    assert e.kind == "invalid_params" and str(e).startswith(note + ": params."), e
		    b.do("command.run", cmd="truncate -s 3M big")
	E
}

@test "a name that is the id of a sandbox is refused" {
	box <<-'E'
		e = error_of(b.call, "sandbox.create", {"name": b.id})
		assert e.kind == "conflict", e
	E
}

# A state directory of its own that can be full.
@test "a create on a full disk is refused, and leaves nothing" {
	local engine="$DAEMON_DIR/state/engine" status=0
	mkdir -p -m 0700 "$engine"
	mount -t tmpfs -o size=96M,mode=0700 tmpfs "$engine"
	py <<-E || status=$?
		from box import *
		import glob
		def left():
		    return [id for id in os.listdir("$engine/boxes") if id != b.id]
		def groups(id):
		    return glob.glob(f"/sys/fs/cgroup/sandpool/{id}") + glob.glob(f"/sys/fs/cgroup/*/sandpool/{id}")
		with Box() as b:
		    b.do("command.run", cmd="true")
		    with open("$engine/fill", "wb", buffering=0) as fill:
		        try:
		            while True:
		                fill.write(bytes(1 << 16))
		        except OSError:
		            pass
		    e = error_of(b.call, "sandbox.create", {"timeout": 60})
		    assert "No space left" in str(e), e
		    id = str(e).split("/boxes/")[1].split("/")[0]
		    os.unlink("$engine/fill")
		    wait_for(lambda: not left(), "the end of the box")
		    assert groups(b.id)
		    wait_for(lambda: not groups(id), "the end of its groups")
		    with Box() as another:
		        assert another.do("command.run", cmd="echo room")["stdout"] == "room\\n"
	E
	umount -l "$engine"
	return "$status"
}
