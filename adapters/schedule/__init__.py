"""When a desk decides: the timetable of its cycles, a pure function of calendar and settings."""
