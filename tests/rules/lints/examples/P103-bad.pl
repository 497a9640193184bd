forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earnings(Instrument, Sessions),
    write(Instrument),
    Sessions =< 3.
