:- sentence(permitted(Candidate), "~Candidate is permitted").

permitted(candidate(Instrument, _, _, _, _)) :-
    earnings(Instrument, _).
