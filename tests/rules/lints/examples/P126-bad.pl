forbidden(candidate(Instrument, _, _, _, _), too_early) :-
    calendar(Instrument, _, Session),
    Session @< '2012-6-7'.
