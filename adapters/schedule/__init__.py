"""A desk that runs by the clock: its timetable, the loop that does what is due, and what turns it."""
