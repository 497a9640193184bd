forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earnings(Instrument, Sessions),
    Sessions =< 3.

forbidden(candidate(I, _, _, _, _), earnings_soon) :-
    earnings(I, Sessions),
    Sessions =< 3.
