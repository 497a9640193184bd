:- sentence(belongs_to(Issuer, Group), "~Issuer belongs to ~Group").

belongs_to(Issuer, Group) :-
    member_of(Issuer, Middle),
    belongs_to(Middle, Group).
belongs_to(Issuer, Group) :-
    member_of(Issuer, Group).

:- sentence(member_of(Member, Group), "~Member is listed in ~Group").

member_of(facebook, 'recent-listings').
member_of('recent-listings', syndicate).

forbidden(candidate(Instrument, _, _, _, _), syndicate) :-
    reference(Instrument, Issuer, _, _, _, _, _, _, _, _),
    belongs_to(Issuer, sindicate).
