"""Where bars come from, and the calendars they come by."""
