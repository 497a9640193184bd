forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earnings(Instrument, Sessions),
    Sessions =< 3.

:- sentence(forbiden(Candidate, Reason), "~Candidate is forbidden: ~Reason").

forbiden(candidate(Instrument, _, _, _, _), no_date) :-
    \+ earnings(Instrument, _).
