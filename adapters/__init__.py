"""The imperative shell: feeds, broker, store, audit log, worker process, command line."""
