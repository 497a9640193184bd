:- sentence(soon(Sessions), "~Sessions sessions are soon").

soon(Sessions) :-
    Sessions =< 3.

forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earnings(Instrument, Sessions),
    soon(Sessions).
