forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    Sessions =< 3,
    earnings(Instrument, Sessions).
