:- halt.
:- initialization(halt).
:- use_module(library(process)).
:- shell(reboot).
:- set_prolog_flag(double_quotes, atom).
?- halt.
:- sentence(permitted(C), "~C is permitted").
permitted(C) :- \+ forbidden(C, _).
:- sentence(forbidden(C, R), "~C is forbidden: ~R").
forbidden(candidate(I, _, _, _, _), soon) :- earnings(I, N), N =< 3.
