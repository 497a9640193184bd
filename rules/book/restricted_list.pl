% Restricted list. No entry in an instrument whose issuer belongs, directly or through other groups, to a restricted
% group.
%
% This desk takes itself for a member of the syndicates it lists. For 40 days after an initial public offering its
% managers publish no research (NASD Rule 2711(f)(1)(A), since 2015 FINRA Rule 2241); the desk does not trade the issuer
% either while its own house is silent. That last step is the desk's policy, not the rule's.

:- sentence(issued_by(Instrument, Issuer), "~Instrument is issued by ~Issuer").

issued_by(Instrument, Issuer) :-
    reference(Instrument, Issuer, _, _, _, _, _, _, _, _).

:- sentence(member_of(Member, Group), "~Member is listed in ~Group").

member_of(facebook, 'recent-listings-2012').
member_of('recent-listings-2012', 'syndicate-offerings').

:- sentence(belongs_to(Issuer, Group), "~Issuer belongs to ~Group").

belongs_to(Member, Group) :-
    member_of(Member, Group).
belongs_to(Member, Group) :-
    member_of(Member, Middle),
    belongs_to(Middle, Group).

% First and last day, both included: offered on 2012-05-18, and 40 days later.
:- sentence(restricted(Group, First, Last), "~Group is restricted from ~First to ~Last").

restricted('syndicate-offerings', '2012-05-18', '2012-06-27').

% The day compared is the one on which the order would trade, the next session. Days are symbols, and `@=<` compares
% symbols letter by letter: with the year first and two digits each for month and day, that is the order of the
% calendar. A day nobody knows counts as restricted.
:- sentence(in_force(Instrument, First, Last), "~Instrument would trade between ~First and ~Last").

in_force(Instrument, First, Last) :-
    calendar(Instrument, _, NextSession),
    First @=< NextSession,
    NextSession @=< Last.
in_force(Instrument, _, _) :-
    \+ calendar(Instrument, _, _).

forbidden(candidate(Instrument, _, _, _, _), restricted_list) :-
    issued_by(Instrument, Issuer),
    belongs_to(Issuer, Group),
    restricted(Group, First, Last),
    in_force(Instrument, First, Last).

% Without an issuer the list can not be searched.
forbidden(candidate(Instrument, _, _, _, _), issuer_unknown) :-
    \+ issued_by(Instrument, _).
