# git in real sandboxes: local repositories, and a remote that wants a password, served in the sandbox itself.
bats_require_minimum_version 1.5.0
load helpers
load box

setup() { box_setup; }
teardown() { box_teardown; }

# A program with a sandbox `b`, and git("status", path=…) in it.
git_box() {
	{
		cat <<-'E'
			def git(method, **params):
			    return b.do("git." + method, **params)
			def refused(method, **params):
			    return b.refused("git." + method, **params)
			def sh(cmd, **params):
			    r = b.do("command.run", cmd=cmd, **params)
			    assert r["exit_code"] == 0, r
			    return r["stdout"]
			git("configure_user", name="Tess Ter", email="tess@example.org")
		E
		cat
	} | box
}

@test "a repository from its beginning: files, commits, branches, configuration" {
	git_box <<-'E'
		assert git("get_config", key="user.name") == {"value": "Tess Ter"}
		assert git("get_config", key="no.such") == {}
		git("init", path="r", initial_branch="trunk")
		s = git("status", path="r")
		assert s["current_branch"] == "trunk" and s["is_clean"] and s["files"] == [] and not s["detached"]
		b.do("file.write", path="r/a", data="one\n")
		b.do("file.write", path="r/d/b", data="two\n")
		s = git("status", path="r")
		assert s["has_untracked"] and s["untracked_count"] == 2 and s["files"][0]["status"] == "untracked", s
		git("add", path="r", files=["a"])
		s = git("status", path="r")
		assert s["staged_count"] == 1 and s["unstaged_count"] == 1, s
		git("add", path="r")
		assert "1" in git("commit", path="r", message="first -- 'quoted'\n\nbody", author_name="Other", author_email="o@example.org")["stdout"]
		assert sh("git -C r log --format='%an %s'") == "Other first -- 'quoted'\n"
		sh("cd r && git mv a c && rm d/b")
		s = git("status", path="r")
		kinds = {f["name"]: (f["status"], f["staged"], f.get("renamed_from")) for f in s["files"]}
		assert kinds == {"c": ("renamed", True, "a"), "d/b": ("deleted", False, None)}, kinds
		git("restore", path="r", paths=["d/b"])
		git("restore", path="r", paths=["."], staged=True)
		git("reset", path="r", mode="hard")
		sh("cd r && git clean -fdq")
		assert git("status", path="r")["is_clean"]
		git("create_branch", path="r", branch="side")
		git("commit", path="r", message="empty", allow_empty=True)
		assert refused("commit", path="r", message="nothing") == "command_exit"
		git("checkout_branch", path="r", branch="trunk")
		assert git("branches", path="r") == {"branches": ["side", "trunk"], "current_branch": "trunk"}
		assert refused("delete_branch", path="r", branch="side") == "command_exit"
		git("delete_branch", path="r", branch="side", force=True)
		sh("git -C r checkout -q --detach")
		s = git("status", path="r")
		assert s["detached"] and "current_branch" not in s
		assert git("branches", path="r") == {"branches": ["trunk"]}
		git("set_config", path="r", scope="local", key="x.y", value="-z")
		assert git("get_config", path="r", scope="local", key="x.y") == {"value": "-z"}
	E
}

@test "remotes without a password: clone, push, pull, upstreams" {
	git_box <<-'E'
		git("init", path="bare.git", bare=True, initial_branch="main")
		git("init", path="r", initial_branch="main")
		git("commit", path="r", message="one", allow_empty=True)
		url = "/home/user/bare.git"
		assert git("remote_get", path="r", name="origin") == {}
		git("remote_add", path="r", name="origin", url="/nowhere")
		assert refused("remote_add", path="r", name="origin", url=url) == "command_exit"
		git("remote_add", path="r", name="origin", url=url, overwrite=True, fetch=True)
		assert git("remote_get", path="r", name="origin") == {"value": url}
		assert refused("pull", path="r") == "git_upstream"
		assert refused("push", path="r") == "git_upstream"
		git("push", path="r", remote="origin", branch="main")
		git("clone", url=url, path="clone", branch="main", depth=1)
		git("commit", path="clone", message="two", allow_empty=True)
		s = git("status", path="clone")
		assert (s["upstream"], s["ahead"], s["behind"]) == ("origin/main", 1, 0), s
		git("push", path="clone")
		git("pull", path="r")
		assert sh("git -C r log -1 --format=%s") == "two\n"
		git("clone", url=url, cwd="/tmp")
		assert b.do("file.exists", path="/tmp/bare/.git")["exists"]
	E
}

@test "a password goes to its host, and stays nowhere" {
	git_box <<-'E'
		import textwrap
		b.do("file.write", path="/tmp/server.py", data=textwrap.dedent('''
		import base64, os, subprocess, sys
		from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
		class Handler(BaseHTTPRequestHandler):
		    def log_message(self, *args): pass
		    def serve(self):
		        want = "Basic " + base64.b64encode(b"tess:s3cret p@ss").decode()
		        if self.headers.get("Authorization") != want:
		            self.send_response(401); self.send_header("WWW-Authenticate", 'Basic realm="x"')
		            self.send_header("Content-Length", "0"); self.end_headers(); return
		        path, _, query = self.path.partition("?")
		        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
		        env = dict(os.environ, GIT_PROJECT_ROOT="/home/user/srv", GIT_HTTP_EXPORT_ALL="1", REMOTE_USER="tess",
		                   PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=self.command,
		                   CONTENT_TYPE=self.headers.get("Content-Type", ""), CONTENT_LENGTH=str(len(body)))
		        if self.headers.get("Content-Encoding"): env["HTTP_CONTENT_ENCODING"] = self.headers["Content-Encoding"]
		        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE).stdout
		        head, _, rest = out.partition(b"\\r\\n\\r\\n")
		        lines = [l.split(b": ", 1) for l in head.split(b"\\r\\n")]
		        status = next((int(v.split()[0]) for k, v in lines if k == b"Status"), 200)
		        self.send_response(status)
		        for k, v in lines:
		            if k != b"Status": self.send_header(k.decode(), v.decode())
		        self.send_header("Content-Length", str(len(rest))); self.end_headers(); self.wfile.write(rest)
		    do_GET = do_POST = serve
		server = ThreadingHTTPServer(("127.0.0.1", 8418), Handler)
		print("ready", flush=True)
		server.serve_forever()
		'''))
		sh("git init -q --bare -b main srv/p.git && git -C srv/p.git config http.receivepack true")
		pid = b.do("command.start", argv=["python3", "/tmp/server.py"])["pid"]
		b.output(pid, until=6)
		url, who = "http://127.0.0.1:8418/p.git", {"username": "tess", "password": "s3cret p@ss"}
		assert refused("clone", url=url, path="no") == "git_auth"
		assert refused("clone", url=url, path="no", username="tess", password="wrong") == "git_auth"
		assert refused("clone", url=url, path="no", password="x") == "invalid_argument"
		assert refused("clone", url="/home/user/srv/p.git", path="no", **who) == "invalid_argument"
		git("clone", url=url, path="c", **who)
		git("commit", path="c", message="one", allow_empty=True)
		assert refused("push", path="c", remote="origin", branch="HEAD") == "git_auth"
		git("push", path="c", remote="origin", branch="HEAD", **who)
		git("commit", path="c", message="two", allow_empty=True)
		git("push", path="c", set_upstream=False, **who)
		git("clone", url=url, path="d", dangerously_store_credentials=True, **who)
		assert "s3cret" in sh("cat d/.git/config")
		git("commit", path="d", message="three", allow_empty=True)
		git("push", path="d") # what is stored is enough
		git("pull", path="c", **who)
		assert sh("git -C c log -1 --format=%s") == "three\n"
		assert sh("grep -r s3cret c/.git ~/.git* || true") == ""
		assert git("remote_get", path="c", name="origin") == {"value": url}
		git("dangerously_authenticate", username="tess", password="s3cret p@ss", host="127.0.0.1:8418", protocol="http")
		assert refused("dangerously_authenticate", username="tess", password="a\nhost=other") == "invalid_argument"
		git("pull", path="c")
		sh(f"kill {pid}")
	E
}

@test "what git would take for an option is refused" {
	git_box <<-'E'
		git("init", path="r")
		assert refused("checkout_branch", path="r", branch="--orphan=x") == "invalid_argument"
		assert refused("reset", path="r", target="--hard") == "invalid_argument"
		assert refused("push", path="r", remote="--receive-pack=touch /tmp/x") == "invalid_argument"
		assert refused("remote_add", path="r", name="-f", url="x") == "invalid_argument"
		assert refused("restore", path="r") == "invalid_argument"
		assert refused("set_config", key="a.b", value="c", scope="local") == "invalid_argument"
		assert refused("status", path="/nowhere") == "command_exit"
		assert refused("clone", url="--upload-pack=touch /tmp/y", path="no") == "command_exit"
		assert not b.do("file.exists", path="/tmp/y")["exists"]
		assert refused("reset", path="r", mode="soften") == "invalid_params"
	E
}

@test "sandpool git: the same from a shell" {
	sp() { "$SP_BUILDDIR/sandpool" "$@"; }
	id=$(sp create --timeout 300)
	sp git configure-user "$id" Tess tess@example.org
	[[ $(sp git get-config "$id" user.email) == tess@example.org ]]
	run -1 sp git get-config "$id" no.such
	sp git init --initial-branch trunk "$id:r"
	printf 'x\n' | sp write "$id:r/f"
	[[ $(sp git status "$id:r") == $'## trunk\n?? f' ]]
	sp git add "$id:r" f
	sp git commit -m 'a message' "$id:r"
	sp git create-branch "$id:r" side
	[[ $(sp git branches "$id:r") == $'* side\n  trunk' ]]
	sp git clone "$id:copy" /home/user/r
	[[ $(sp --json git status "$id:copy" | python3 -c 'import json,sys; print(json.load(sys.stdin)["upstream"])') == origin/side ]]
	run -125 sp git commit -m again "$id:r"
	[[ $output == *"nothing to commit"* ]]
	run -125 sp git status "$id"
	run -125 sp git statsu "$id:r"
	run -125 sp git clone --depth many "$id:no" /home/user/r
	[[ $output == *"--depth: not a number: many"* ]]
	run -125 sp git clone --dept 1 --brach x "$id:no" /home/user/r
	[[ $output == *branch* ]]
	sp exec "$id" -- sh -c 'cd r && printf x >"$(printf "caf\\351")" && git config core.quotepath off && git add .'
	sp git commit -m latin "$id:r" | LC_ALL=C grep -q "$(printf 'caf\351')"
	run -125 sp git status "$id:r" --bare
	printf 'secret\n' >"$DAEMON_DIR/password"
	run -125 sp git clone --username u --password-file "$DAEMON_DIR/password" "$id:no" /home/user/r
	[[ $output == *"http and https"* ]]
	sp kill "$id"
}
