"""The editor server: what an editor shows of rules, policies and cases while they are written."""
