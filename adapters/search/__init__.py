"""Looking records up by what they are about: an index beside the log, and the questions it answers."""
