"""Our own media site for tests: real audio, and a web server that offers it well or badly."""
