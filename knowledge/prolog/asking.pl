% One question in, one JSON text out.
%
% Texts cross the border between Python and Prolog, never terms: pyswip cannot carry big integers, rationals or
% strings faithfully. Whatever goes wrong becomes a `fault` answer, warnings included: a policy that printed one is
% not trusted.

:- module(warrant_asking, [ask/2, put_text/1, put_value/1]).

% Whole numbers divided give rationals, never floats; and a runaway recursion ends in an error, not in the host's memory.
:- set_prolog_flag(prefer_rationals, true).
:- set_prolog_flag(stack_limit, 268435456).

:- nb_setval(warrant_complaint, none).

% Anything Prolog would print as a warning or an error is kept for the answer, and printed nowhere.
:- multifile user:message_hook/3.
:- dynamic user:message_hook/3.
user:message_hook(Message, Kind, _) :-
    ( Kind == error ; Kind == warning ),
    warrant_asking:named_apart(Message, Shown),
    format(string(Text), "~W", [Shown, [quoted(true), numbervars(true), max_depth(8)]]),
    nb_setval(warrant_complaint, Text).

% ask(+Question, -Answer): Question is the text of a goal that lacks its last argument, which it binds to a goal that
% prints the answer's JSON value.
ask(Question, Answer) :-
    nb_setval(warrant_complaint, none),
    catch(( term_to_atom(Goal, Question), once(call(Goal, Printer)), Result = good(Printer) ),
          Error, Result = bad(Error)),
    !,
    nb_getval(warrant_complaint, Complaint),
    with_output_to(string(Answer), put_answer(Result, Complaint)).
ask(_, "[\"fault\",\"the question has no answer\"]").

put_answer(bad(Error), _) :- !,
    error_text(Error, Text),
    write("[\"fault\","), put_text(Text), write("]").
put_answer(good(_), Complaint) :- Complaint \== none, !,
    write("[\"fault\","), put_text(Complaint), write("]").
put_answer(good(Printer), _) :-
    write("[\"answer\","), call(Printer), write("]").

% The text of an error without its place in Prolog's own code, and with variables named in order: `_123` is
% different in each run, and a recorded reason must not be.
error_text(error(Formal, _), Text) :- !, error_text(Formal, Text).
error_text(Error, Text) :-
    named_apart(Error, Shown),
    format(string(Text), "~W", [Shown, [quoted(true), numbervars(true), max_depth(12)]]).

named_apart(Term, Shown) :-
    copy_term_nat(Term, Shown),
    numbervars(Shown, 0, _, [singletons(true)]).

% put_value(+Term): a term as JSON. Atoms are strings, whole numbers are numbers; the rest is tagged, so that
% neither side ever guesses what a text means.
put_value(Term) :- var(Term), !, write(null).
put_value(Term) :- atom(Term), !, put_atom(Term).
put_value(Term) :- integer(Term), !, write(Term).
put_value(Term) :- rational(Term, N, D), !, format("[\"r\",~d,~d]", [N, D]).
put_value(Term) :- string(Term), !, write("[\"s\","), put_text(Term), write("]").
put_value(Term) :- is_list(Term), !, write("[\"l\""), put_more(Term), write("]").
put_value(Term) :- compound(Term), \+ is_dict(Term), !,
    compound_name_arguments(Term, Name, Arguments),
    write("[\"c\","), put_atom(Name), put_more(Arguments), write("]").
put_value(Term) :- throw(no_exact_form(Term)).

put_more([]).
put_more([Term|Terms]) :- write(","), put_value(Term), put_more(Terms).

% Atoms come from symbols and from checked policy text, whose printable characters Prolog quotes as JSON does (one,
% U+2E2F, it does not: the checks refuse it). This is the fast way, for most of what a proof holds.
put_atom(Atom) :- atom_string(Atom, String), writeq(String).

% Any text, character by character.
put_text(Text) :-
    text_to_string(Text, String),
    string_codes(String, Codes),
    write("\""), put_codes(Codes), write("\"").

put_codes([]).
put_codes([Code|Codes]) :-
    (   ( Code =:= 0'\\ ; Code =:= 0'" ) -> put_char('\\'), put_code(Code)
    ;   Code < 32 -> format("\\u~|~`0t~16r~4+", [Code])
    ;   put_code(Code)
    ),
    put_codes(Codes).

put_code(Code) :- char_code(Character, Code), put_char(Character).
