"""Cases run where they can do no harm: in a process that is ended when it hangs; watched, and shown as a page."""
