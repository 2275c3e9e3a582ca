importScripts("/static/push_worker.js");
