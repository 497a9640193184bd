% The policies of this desk. Entry of compliance: which policy files hold, and what it takes to be permitted.
%
% An entry is permitted when nothing forbids it. Each file below adds reasons to forbidden/2; take an `include` line
% away and its reasons are gone, add one and they count. Exits are not asked about.
%
% Facts come from the snapshot, under their template's name with the slots in its order (knowledge/templates.yaml):
% `earnings(Instrument, Sessions)`. What nobody knows is absent, and a policy must say what follows from that.
%
% Every predicate carries its sentence, for explanations: `~Name` stands for the value of the variable.

:- include('rules/book/restricted_list.pl').
:- include('rules/book/jurisdiction.pl').
:- include('rules/book/session.pl').
:- include('rules/book/earnings.pl').
:- include('rules/book/short_selling.pl').

:- sentence(permitted(Candidate), "~Candidate is permitted").

permitted(Candidate) :-
    \+ forbidden(Candidate, _).

:- sentence(forbidden(Candidate, Reason), "~Candidate is forbidden: ~Reason").
