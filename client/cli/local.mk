# The sandpool command.
