"""Tags: what is in a file, what we propose, what the file is called."""
