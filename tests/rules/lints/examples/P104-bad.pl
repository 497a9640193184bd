forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earning(Instrument, Sessions),
    Sessions =< 3.
