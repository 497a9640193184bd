% The judge: says of each candidate whether the policies permit it, and proves it.
%
% A policy clause is kept twice: compiled as it stands, and as `'$rule'(Head, Literals, Clause)` for the prover
% below, which builds the proof tree while it runs. Both must come to the same answer, or the verdict is a fault.
%
% Literals: own(Id, Goal), fact(Id, Goal, KeyPlaces), test(Id, Goal), not(Id, Shared, Literals), either(Id, Left, Right).
% Shared holds the variables that a negation shares with the rest of its clause: unbound, they would make it a guess.
% Nodes: node(Kind, Id, Goal, Status, Children); Id is the number of a clause (kind `own` that holds, kind `clause`)
% or of a literal (everything else).
%
% The prover gives up, by an exception, where Prolog would guess: on an unbound variable or two kinds of value in a
% comparison, on a float, on a negation of something unknown, and at a depth it was given.

:- module(warrant_judging, [usable/1, install/4, judge/6, observe/6]).

:- use_module(library(lists), [append/2, append/3, member/2]).

% usable(-Printer): what verdicts rest on is there, exact rationals and changes that leave no trace.
usable(write(0)) :-
    ( X is 1/3, rational(X, 1, 3) -> true ; throw(exact_rationals_are_missing) ),
    snapshot(true).

% install(+Module, +Facts, +Rules, -Printer): Facts are Name/Arity of the templates that may be asked for; Rules are
% rule(Head, Literals, Clause). The module is named after its text, so installing it twice changes nothing.
install(Module, Facts, Rules, write(0)) :-
    (   catch(Module:'$installed', _, fail) -> true
    ;   transaction(warrant_judging:add_all(Module, Facts, Rules))
    ).

add_all(Module, Facts, Rules) :-
    Module:import(lists:member/2),
    dynamic(Module:'$rule'/3),
    forall(member(Fact, Facts), dynamic(Module:Fact)),
    forall(member(rule(Head, _, _), Rules), ( functor(Head, Name, Arity), dynamic(Module:Name/Arity) )),
    forall(member(rule(Head, Literals, Clause), Rules),
           ( body(Literals, Body),
             assertz(Module:(Head :- Body)),
             assertz(Module:'$rule'(Head, Literals, Clause)) )),
    assertz(Module:'$installed').

body([], true).
body([Literal], Goal) :- !, goal(Literal, Goal).
body([Literal|Literals], (Goal, Goals)) :- goal(Literal, Goal), body(Literals, Goals).

goal(own(_, Goal), Goal).
goal(fact(_, Goal, _), Goal).
goal(test(_, Goal), Goal).
goal(not(_, _, Literals), \+ Goal) :- body(Literals, Goal).
goal(either(_, Left, Right), (LeftGoal ; RightGoal)) :- body(Left, LeftGoal), body(Right, RightGoal).

% judge(+Module, +Facts, +Candidates, +MostInferences, +MostDepth, -Printer): one verdict for each candidate, in order.
% The facts live inside a snapshot: whatever happens, the database is afterwards as it was.
judge(Module, Facts, Candidates, Most, Depth, warrant_judging:put_verdicts(Verdicts)) :-
    snapshot(( forall(member(Fact, Facts), assertz(Module:Fact)),
               verdicts(Candidates, Module, Most, Depth, Verdicts) )).

verdicts([], _, _, _, []).
verdicts([Candidate|Candidates], Module, Most, Depth, [Verdict|Verdicts]) :-
    catch(( call_with_inference_limit(warrant_judging:verdict(Module, Candidate, Depth, Found), Most, Ending),
            ended(Ending, Found, Verdict) ),
          Error,
          ( warrant_asking:error_text(Error, Text), Verdict = undetermined(Text) )),
    verdicts(Candidates, Module, Most, Depth, Verdicts).

ended(inference_limit_exceeded, _, undetermined("inference limit")) :- !.
ended(_, Found, Found).

% Forbidden, with every reason; permitted; or, where neither can be proved, forbidden for want of a permission.
verdict(Module, Candidate, Depth, Verdict) :-
    Forbidden = own(-1, forbidden(Candidate, Reason)),
    Permitted = own(-1, permitted(Candidate)),
    findall(Reason-Node, prove(Forbidden, Module, Depth, Node), Found),
    findall(Reason, Module:forbidden(Candidate, Reason), Compiled),
    reasons(Found, Compiled),
    (   Module:permitted(Candidate) -> May = true ; May = false ),
    (   once(prove(Permitted, Module, Depth, Proof)) -> Proved = true ; Proved = false ),
    (   May \== Proved -> throw(disagreement(permitted(Candidate)))
    ;   May == true, Found = [_|_] -> throw(contradiction(Candidate))
    ;   May == true -> Verdict = permitted(Proof)
    ;   Found = [_|_] -> Verdict = forbidden(Found)
    ;   refute(Permitted, Module, Depth, Refutation), Verdict = forbidden([not_permitted-Refutation])
    ),
    !.
verdict(_, Candidate, _, _) :- throw(no_verdict(Candidate)).

reasons([], []) :- !.
reasons([Reason-_|Found], [Compiled|Rest]) :- Reason == Compiled, ground(Reason), !, reasons(Found, Rest).
reasons([Reason-_|_], _) :- \+ ground(Reason), !, throw(unknown_reason).
reasons(Found, Compiled) :- throw(disagreement(Found, Compiled)).

% observe(+Module, +Facts, +Candidates, +MostInferences, +MostDepth, -Printer): how every clause of permitted/1 and
% forbidden/2 fared with each candidate: all proofs of one that holds, why one that does not holds not. A verdict shows
% a reader what decided; this shows a measurer everything that was tried.
observe(Module, Facts, Candidates, Most, Depth, warrant_judging:put_verdicts(Seen)) :-
    snapshot(( forall(member(Fact, Facts), assertz(Module:Fact)),
               observations(Candidates, Module, Most, Depth, Seen) )).

observations([], _, _, _, []).
observations([Candidate|Candidates], Module, Most, Depth, [Seen|More]) :-
    catch(( call_with_inference_limit(warrant_judging:observed(Module, Candidate, Depth, Found), Most, Ending),
            ended(Ending, Found, Seen) ),
          Error,
          ( warrant_asking:error_text(Error, Text), Seen = undetermined(Text) )),
    observations(Candidates, Module, Most, Depth, More).

observed(Module, Candidate, Depth, observed(Nodes)) :-
    findall(Node,
            ( member(Goal, [permitted(Candidate), forbidden(Candidate, _)]), fared(Goal, Module, Depth, Node) ),
            Nodes).

fared(Goal, Module, Depth, Node) :-
    deeper(Depth, Below),
    Module:'$rule'(Goal, Literals, Clause),
    findall(Nodes, prove_all(Literals, Module, Below, Nodes), Proofs),
    (   Proofs == [] -> refute_all(Literals, Module, Below, Failed), Node = node(clause, Clause, Goal, fails, Failed)
    ;   member(Proof, Proofs), Node = node(own, Clause, Goal, holds, Proof)
    ).

% prove(+Literal, +Module, +Depth, -Node): succeeds once for each proof.
prove(own(_, Goal), Module, Depth, node(own, Clause, Goal, holds, Nodes)) :-
    deeper(Depth, Below),
    Module:'$rule'(Goal, Literals, Clause),
    prove_all(Literals, Module, Below, Nodes).
prove(fact(Id, Goal, _), Module, _, node(fact, Id, Goal, holds, [])) :-
    call(Module:Goal).
prove(test(Id, Goal), _, _, node(test, Id, Shown, holds, [])) :-
    test(Goal, Shown).
prove(not(Id, Shared, Literals), Module, Depth, node(not, Id, not, holds, Nodes)) :-
    ( ground(Shared) -> true ; throw(unbound(\+)) ),
    \+ prove_all(Literals, Module, Depth, _),
    refute_all(Literals, Module, Depth, Nodes).
prove(either(Id, Left, Right), Module, Depth, node(either, Id, either, holds, Nodes)) :-
    (   prove_all(Left, Module, Depth, Nodes)
    ;   prove_all(Right, Module, Depth, Nodes)
    ).

prove_all([], _, _, []).
prove_all([Literal|Literals], Module, Depth, [Node|Nodes]) :-
    prove(Literal, Module, Depth, Node),
    prove_all(Literals, Module, Depth, Nodes).

deeper(Depth, Below) :-
    ( Depth > 0 -> Below is Depth - 1 ; throw(depth_limit) ).

% refute_all(+Literals, +Module, +Depth, -Nodes): every way in which a conjunction that has no proof was tried: what
% held, down to the literal that failed.
refute_all([Literal|Literals], Module, Depth, Nodes) :-
    findall([Node|More],
            ( prove(Literal, Module, Depth, Node), refute_all(Literals, Module, Depth, More) ),
            Tries),
    (   Tries == [] -> refute(Literal, Module, Depth, Node0), Nodes = [Node0]
    ;   append(Tries, Nodes)
    ).
refute_all([], _, _, _) :- throw(refuted_what_holds).

% refute(+Literal, +Module, +Depth, -Node): why a literal that has no proof has none.
refute(own(Id, Goal), Module, Depth, node(own, Id, Goal, Status, Nodes)) :-
    deeper(Depth, Below),
    functor(Goal, Name, Arity),
    functor(Head, Name, Arity),
    findall(Node,
            ( Module:'$rule'(Head, Literals, Clause), refute_clause(Literals, Head, Goal, Clause, Module, Below, Node) ),
            Nodes),
    ( Nodes == [] -> Status = absent ; Status = fails ).
refute(fact(Id, Goal, Key), Module, _, node(fact, Id, Goal, Status, Nodes)) :-
    findall(node(fact, Id, Near, holds, []), near(Goal, Key, Module, Near), Nodes),
    ( Nodes == [] -> Status = absent ; Status = fails ).
refute(test(Id, Goal), _, _, node(test, Id, Shown, fails, [])) :-
    shown(Goal, Shown).
refute(not(Id, _, Literals), Module, Depth, node(not, Id, not, fails, Nodes)) :-
    once(prove_all(Literals, Module, Depth, Nodes)).
refute(either(Id, Left, Right), Module, Depth, node(either, Id, either, fails, Nodes)) :-
    refute_all(Left, Module, Depth, First),
    refute_all(Right, Module, Depth, Second),
    append(First, Second, Nodes).

% A clause without a body that speaks of other values would only be noise; one with a body is named.
refute_clause(Literals, Goal, Goal, Clause, Module, Depth, node(clause, Clause, Goal, fails, Nodes)) :- !,
    refute_all(Literals, Module, Depth, Nodes).
refute_clause([_|_], Head, _, Clause, _, _, node(clause, Clause, Head, differs, [])).

% The facts with the same key, whose other values are why the goal failed.
near(Goal, Key, Module, Near) :-
    functor(Goal, Name, Arity),
    functor(Near, Name, Arity),
    same_key(Key, Goal, Near),
    call(Module:Near).

same_key([], _, _).
same_key([Place|Places], Goal, Near) :-
    arg(Place, Goal, Value),
    atomic(Value),
    arg(Place, Near, Value),
    same_key(Places, Goal, Near).

% test(+Goal, -Shown): a comparison holds; Shown carries the values that were compared.
test(true, true) :- !.
test(A = B, A = B) :- !, A = B.
test(member(Item, List), member(Item, List)) :- !,
    ( is_list(List) -> member(Item, List) ; throw(unbound(member)) ).
test(Value is Expression, Value is Exact) :- !, exact(Expression, Exact), Value = Exact.
test(Goal, Shown) :- shown(Goal, Shown), call(Shown).

shown(Goal, Shown) :-
    Goal =.. [Operator, A, B],
    (   member(Operator, [<, =<, >, >=, =:=, =\=]) -> exact(A, X), exact(B, Y)
    ;   Operator == is -> X = A, exact(B, Y)
    ;   member(Operator, [=, member]) -> X = A, Y = B
    ;   member(Operator, [@<, @=<, @>, @>=]) -> comparable(Operator, A, B), X = A, Y = B
    ;   alike(Operator, A, B), X = A, Y = B
    ),
    !,
    Shown =.. [Operator, X, Y].
shown(Goal, Goal).

exact(Expression, Value) :-
    ( ground(Expression) -> true ; throw(unbound(arithmetic)) ),
    Value is Expression,
    ( rational(Value) -> true ; throw(inexact(Expression)) ).

% The standard order puts an unbound variable before everything and each kind of value before the next: an answer,
% but never the one that was meant.
comparable(Operator, A, B) :-
    ( ground(A+B) -> true ; throw(unbound(Operator)) ),
    ( ( atom(A), atom(B) ; string(A), string(B) ) -> true ; throw(incomparable(A, B)) ).

alike(Operator, A, B) :-
    ( ground(A+B) -> true ; throw(unbound(Operator)) ),
    ( kind(A, Kind), kind(B, Kind) -> true ; throw(incomparable(A, B)) ).

kind(Term, Kind) :-
    (   rational(Term) -> Kind = number
    ;   string(Term) -> Kind = string
    ;   atom(Term) -> Kind = atom
    ;   Kind = compound
    ).

% What Python reads: [outcome, [[reason, node]…]] or ["undetermined", text].
put_verdicts([]) :- write("[]").
put_verdicts([Verdict|Verdicts]) :-
    write("["), put_verdict(Verdict),
    forall(member(Other, Verdicts), ( write(","), put_verdict(Other) )),
    write("]").

put_verdict(undetermined(Text)) :-
    write("[\"undetermined\","), warrant_asking:put_text(Text), write("]").
put_verdict(observed(Nodes)) :-
    write("[\"observed\",["), put_observed(Nodes), write("]]").
put_verdict(permitted(Node)) :-
    write("[\"permitted\",[[null,"), put_node(Node), write("]]]").
put_verdict(forbidden([Found|More])) :-
    write("[\"forbidden\",["), put_found(Found),
    forall(member(Other, More), ( write(","), put_found(Other) )),
    write("]]").

put_observed([]).
put_observed([Node|Nodes]) :-
    write("[null,"), put_node(Node), write("]"),
    forall(member(Other, Nodes), ( write(",[null,"), put_node(Other), write("]") )).

put_found(Reason-Node) :-
    write("["), warrant_asking:put_value(Reason), write(","), put_node(Node), write("]").

put_node(node(Kind, Id, Goal, Status, Nodes)) :-
    format("[\"~w\",~d,\"~w\",", [Kind, Id, Status]),
    warrant_asking:put_value(Goal),
    put_nodes(Nodes),
    write("]").

put_nodes([]).
put_nodes([Node|Nodes]) :- write(","), put_node(Node), put_nodes(Nodes).
