"""The command line `nudgeline`: one verb a file."""
