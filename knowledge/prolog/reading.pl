% Policy text as a syntax tree with places; it is only read here, nothing in it is run.
%
% A term is [kind, value, arguments, from, to]; `from` and `to` count characters from the start of the text.

:- module(warrant_reading, [read_text/2]).

:- use_module(library(lists), [append/3]).

% read_text(+Text, -Printer): Printer prints the list of the text's clauses, directives and syntax errors.
read_text(Text, warrant_reading:put_read(Reads)) :-
    setup_call_cleanup(open_string(Text, Stream), read_all(Stream, Reads), close(Stream)).

read_all(Stream, Reads) :-
    character_count(Stream, Start),
    catch(read_one(Stream, Read), error(syntax_error(What), Place), Read = broken(What, Place, Start)),
    (   Read = term(end_of_file, _) -> Reads = []
    ;   Reads = [Read|Rest], read_all(Stream, Rest)
    ).

% Named variables become '$named'(Name); the nameless stay variables.
read_one(Stream, term(Term, Places)) :-
    read_term(Stream, Term, [ module(warrant_plain), variable_names(Names), subterm_positions(Places0),
                              syntax_errors(error), double_quotes(string) ]),
    name_all(Names),
    ( var(Places0) -> Places = 0-0 ; Places = Places0 ).

name_all([]).
name_all([Name='$named'(Name)|Rest]) :- name_all(Rest).

put_read([]) :- write("[]").
put_read([Read|Reads]) :- write("["), put_one(Read), put_others(Reads), write("]").

put_others([]).
put_others([Read|Reads]) :- write(","), put_one(Read), put_others(Reads).

% Where Prolog names no place, or the text's beginning, the fault lies after the clause before.
put_one(broken(What, Place, Start)) :-
    ( ( Place = stream(_, _, _, At) ; Place = string(_, At) ), At >= Start -> true ; At = Start ),
    format(string(Text), "~w", [What]),
    write("[\"broken\","), warrant_asking:put_text(Text), format(",[],~d,~d]", [At, At]).
put_one(term(Term, Places)) :- deep(Term, 120), !,
    span(Places, From, To),
    format("[\"deep\",\"\",[],~d,~d]", [From, To]).
put_one(term(Term, Places)) :- put_tree(Term, Places).

% deep(+Term, +Levels): the term nests more levels than these; what reads our answer follows no more.
deep(Term, Levels) :-
    compound(Term),
    (   Levels =:= 0 -> true
    ;   Below is Levels - 1,
        (   Term = [Item|Items] -> ( deep(Item, Below) -> true ; deep_rest(Items, Levels) )
        ;   compound_name_arguments(Term, _, Arguments), deep_one(Arguments, Below)
        )
    ).

% The rest of a list lies no deeper than its items.
deep_rest(Items, Levels) :- nonvar(Items), Items = [_|_], !, deep(Items, Levels).
deep_rest(Tail, Levels) :- Below is Levels - 1, deep(Tail, Below).

deep_one([Argument|Arguments], Below) :- ( deep(Argument, Below) -> true ; deep_one(Arguments, Below) ).

put_tree(Term, parentheses_term_position(_, _, Inner)) :- !, put_tree(Term, Inner).
put_tree(Term, Places) :- var(Term), !, put_leaf("variable", "_", Places).
put_tree('$named'(Name), Places) :- !, put_leaf("variable", Name, Places).
put_tree(Term, Places) :- atom(Term), !, put_leaf("atom", Term, Places).
put_tree(Term, Places) :- integer(Term), !, format(string(Text), "~d", [Term]), put_leaf("number", Text, Places).
put_tree(Term, Places) :- rational(Term, N, D), !,
    format(string(Text), "~d/~d", [N, D]), put_leaf("number", Text, Places).
put_tree(Term, Places) :- string(Term), !, put_leaf("string", Term, Places).
put_tree(Term, Places) :- Term == [], !, span(Places, From, To), put_node("list", "", [], [], From, To).
put_tree(Term, list_position(From, To, Places, TailPlace)) :- !,
    cut_list(Places, Term, Items, Tail),
    (   TailPlace == none -> put_node("list", "", Items, Places, From, To)
    ;   append(Items, [Tail], All), append(Places, [TailPlace], AllPlaces),
        put_node("partial", "", All, AllPlaces, From, To)
    ).
put_tree(Term, term_position(From, To, _, _, Places)) :-
    compound(Term), \+ is_dict(Term),
    compound_name_arguments(Term, Name, Arguments), atom(Name),
    length(Arguments, Count), length(Places, Count), !,
    put_node("compound", Name, Arguments, Places, From, To).
put_tree(Term, Places) :-
    format(string(Text), "~W", [Term, [quoted(true), max_depth(4)]]), put_leaf("other", Text, Places).

put_leaf(Kind, Text, Places) :-
    span(Places, From, To),
    put_node(Kind, Text, [], [], From, To).

put_node(Kind, Text, Arguments, Places, From, To) :-
    format("[\"~s\",", [Kind]), warrant_asking:put_text(Text), write(",["),
    put_arguments(Arguments, Places),
    format("],~d,~d]", [From, To]).

put_arguments([], []).
put_arguments([Term|Terms], [Place|Places]) :-
    put_tree(Term, Place),
    ( Terms == [] -> true ; write(",") ),
    put_arguments(Terms, Places).

cut_list([], Tail, [], Tail).
cut_list([_|Places], [Item|List], [Item|Items], Tail) :- cut_list(Places, List, Items, Tail).

span(Places, From, To) :-
    (   compound(Places), arg(1, Places, From), arg(2, Places, To), integer(From), integer(To) -> true
    ;   From = 0, To = 0
    ).
