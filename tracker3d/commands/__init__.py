"""The subcommands, one file each; whatever is heavy is imported when a command runs."""
