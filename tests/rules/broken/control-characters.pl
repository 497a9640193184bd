:- sentence(permitted(C), "~C is permitted").
permitted(C) :- \+ forbidden(C, _).
:- sentence(forbidden(C, R), "~C is forbidden: ~R").
forbidden(candidate(I, _, _, _, _), soon) :- earnings(I, N), N =< 3.
