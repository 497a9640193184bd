:- sentence(permitted(Candidate), "~Candidate is permitted").

permitted(Candidate) :-
    \+ forbidden(Candidate, _).

:- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").

forbidden(candidate(Instrument, _, _, _, _), earnings_soon) :-
    earnings(Instrument, Sessions),
    Sessions =< 3.
