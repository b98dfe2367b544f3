# The agent: PID 1 of a local sandbox.
