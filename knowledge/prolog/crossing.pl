% Who calls whom in policy text, by SWI's own cross-referencer: a second opinion beside `knowledge.prolog.lint`.
%
% It is given clauses alone, without any directive, and only once they have passed our own checks: the referencer
% follows `include` and `use_module`, and some directives it runs.

:- module(warrant_crossing, [cross/2, provided/2]).

:- use_module(library(prolog_xref)).
:- use_module(library(lists), [member/2]).

:- multifile prolog:xref_open_source/2, prolog:xref_source_identifier/2.
:- dynamic policy_text/1.

prolog:xref_open_source(warrant_policies, Stream) :- policy_text(Text), open_string(Text, Stream).
prolog:xref_source_identifier(warrant_policies, warrant_policies).

% cross(+Text, -Printer): prints the list of [caller, arity, callee, arity] and of [callee, arity] that nothing defines.
cross(Text, warrant_crossing:put_cross(Calls, Undefined)) :-
    setup_call_cleanup(
        assertz(policy_text(Text)),
        xref_source(warrant_policies, [silent(true), register_called(all)]),
        retractall(policy_text(_))),
    findall(By/ByArity-Name/Arity,
            ( xref_called(warrant_policies, Goal, Caller), plain(Goal, Name, Arity), plain(Caller, By, ByArity) ),
            Calls0),
    sort(Calls0, Calls),
    findall(Name/Arity,
            ( member(_-Name/Arity, Calls), functor(Goal, Name, Arity),
              \+ xref_defined(warrant_policies, Goal, _), \+ predicate_property(system:Goal, visible),
              \+ predicate_property(lists:Goal, defined) ),
            Undefined0),
    sort(Undefined0, Undefined),
    xref_clean(warrant_policies).

plain(Goal, Name, Arity) :- callable(Goal), functor(Goal, Name, Arity).

put_cross(Calls, Undefined) :-
    write("["), put_all(Calls), write(","), put_all(Undefined), write("]").

put_all([]) :- write("[]").
put_all([First|Rest]) :-
    write("["), put_one(First), forall(member(One, Rest), ( write(","), put_one(One) )), write("]").

put_one(By/ByArity-Name/Arity) :- !,
    write("["), warrant_asking:put_text(By), format(",~d,", [ByArity]),
    warrant_asking:put_text(Name), format(",~d]", [Arity]).
put_one(Name/Arity) :-
    write("["), warrant_asking:put_text(Name), format(",~d]", [Arity]).

% provided(+Names, -Printer): which of Name/Arity Prolog itself has, built in or in a library.
provided(Names, warrant_crossing:put_all(Found)) :-
    findall(Name/Arity,
            ( member(Name/Arity, Names), functor(Head, Name, Arity),
              once(( predicate_property(system:Head, defined) ; '$find_library'(user, Name, Arity, _, _) )) ),
            Found).
