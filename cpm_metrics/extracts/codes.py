"""Coded values by meaning: what people write -> the codes of datasets.py. Unknown is None, never a guess.

A value is folded first (case, punctuation, spaces). Then: the answers remembered in the MappingBook, the code itself, the list
of phrases here, and for meetings a pattern. Add a phrase in the one table below.
"""

from __future__ import annotations

import re

from .cells import Fault
from .datasets import DOMAINS, ROLES, UNREAD
from .folding import fold
from .values import read_text

ALL = "*all*"

_PHRASES: dict[str, dict[str, str]] = {
    "meeting_type": {
        "other": "other; other meeting; strategy meeting; strategy discussion; professionals meeting; core group; core group meeting; pep; "
        "pep meeting; personal education plan meeting; child protection conference; initial child protection conference; "
        "review child protection conference; icpc; rcpc; disruption meeting; legal planning meeting; legal gateway meeting; "
        "family group conference; fgc; health assessment; review health assessment; child in need meeting; cin meeting; "
        "stability meeting; placement stability meeting; team around the child; tac meeting; supervision",
    },
    "status": {
        "held": "held; meeting held; review held; completed; complete; took place; taken place; occurred; done; went ahead; finished; closed; actual; "
        "held late; held on time; held in time",
        "booked": "booked; planned; scheduled; arranged; pending; future; incoming; upcoming; to be held; due; booked in; invited; provisional",
        "cancelled": "cancelled; canceled; cancel; meeting cancelled; abandoned; did not take place; not held; did not go ahead; aborted; deleted; "
        "did not happen; void",
        "postponed": "postponed; adjourned; rearranged; re arranged; rescheduled; re scheduled; deferred; delayed; moved",
    },
    "role": {
        "social_worker": "social worker; sw; allocated social worker; allocated sw; case holding social worker; childs social worker; "
        "child social worker; asye; asye social worker; newly qualified social worker; nqsw; lac social worker; cla social worker; "
        "cic social worker; children in care social worker; looked after child social worker; allocated worker",
        "team_manager": "team manager; tm; assistant team manager; atm; deputy team manager; dtm; acting team manager; social work team manager; "
        "manager of the team; interim team manager",
        "senior_practitioner": "senior practitioner; sp; senior prac; advanced practitioner; senior social work practitioner; "
        "advanced social work practitioner",
        "service_manager": "service manager; sm; acting service manager; interim service manager",
        "fostering": "fostering; fostering representative; fostering rep; fostering social worker; supervising social worker; ssw; "
        "fostering team; fostering team manager; fostering manager; fostering team representative; fostering service",
        "adoption_manager": "adoption manager; adoption team manager; adoption service manager; permanence and adoption manager",
        "parenting_assessor": "parenting assessor; parenting assessment worker; parenting assessment social worker; independent parenting assessor; "
        "parent assessor; parenting assessment practitioner",
        "contact_centre_manager": "contact centre manager; contact manager; contact service manager; contact centre; family time manager; "
        "family time centre manager; family time service manager; contact team manager",
        "iro": "iro; independent reviewing officer; independent review officer; reviewing officer",
        "other": "other",
    },
    "plan_change": {
        "none": "none; no; n; no change; no changes; unchanged; not changed; false; 0",
        "minor": "minor; minor change; minor changes; small; small change; slight",
        "substantial": "substantial; substantial change; substantial changes; significant; significant change; significant changes; major; "
        "major change; major changes",
    },
    "domains": {
        "health": "health; physical health; health needs; health and wellbeing",
        "education": "education; education and learning; education training and employment; education and employment; learning",
        "emotional_behavioural": "emotional and behavioural development; emotional and behavioural; emotional behavioural; "
        "emotional behavioural development; emotional and behavioral development; ebd; emotional and behaviour development; "
        "emotional behaviour; emotional and behaviour; emotional health and behaviour; emotional development and behaviour",
        "identity": "identity; identity and culture; identity and diversity; self identity",
        "family_social": "family and social relationships; family and social; family social; family social relationships; "
        "family and social relationship; family and friends; relationships; family relationships and social relationships",
        "social_presentation": "social presentation; presentation; personal and social presentation",
        "self_care": "self care; self care skills; selfcare; selfcare skills; self care skill; self help skills",
        ALL: "all; all domains; all seven; all 7; all seven domains; all 7 domains; all areas; all considered; all discussed",
    },
    "permanence_plan": {
        "return_home": "return home; return to family; return to birth family; return to parents; return to parent; rehabilitation; rehabilitation home; "
        "reunification; home; return to the birth family; rehabilitation to family; rehabilitation to parents; returning home; family; "
        "return to care of parents; live with parents; return to own family; return to their family; return to the family; remain with family; "
        "remain at home; remain with birth family; remain with or return to family; reunification with family; reunification with birth family; "
        "rehabilitation to birth family; rehabilitation with family",
        "adoption": "adoption; adopted; placement for adoption; plan of adoption; to be adopted",
        "sgo_cao": "sgo cao; sgo; cao; special guardianship; special guardianship order; child arrangements order; child arrangement order; "
        "special guardianship order child arrangements order; sgo or cao; special guardianship order or child arrangements order; "
        "kinship sgo; residence order; special guardianship order residence order; special guardianship residence order; sgo ro; sgo residence order; "
        "residence order special guardianship order; special guardianship order sgo; child arrangements order cao; sgo child arrangements order; "
        "special guardianship order child arrangement order; special guardianship order or residence order; special guardianship child arrangements order; "
        "special guardianship or child arrangements order; long term placement friends family; long term placement with friends family",
        "long_term_fostering": "long term fostering; long term foster care; long term foster placement; ltf; permanent fostering; permanent foster care; "
        "longterm fostering; long term fostering placement; long term foster carers; long term foster placement until 18; longterm foster care; "
        "long term fostering until 18; long term fostering to 18",
        "residential": "residential; long term residential placement; long term residential; residential care; residential placement; "
        "long term residential care; childrens home; residential home; longterm residential placement; longterm residential; longterm residential care",
        "supported_living": "supported living; supported living in the community; supported lodgings; supported accommodation; independent living; "
        "semi independent; semi independent living; independence; leaving care to independent living; "
        "independent living supported living in the community; independent living supported living in the community pathways or other; "
        "independent or supported living in the community; supported or independent living; supported living independent living",
        "other": "other",
    },
    "assessment_type": {
        "child": "child; child assessment; family; family assessment; child and family; child and family assessment; child and family assessment ssd; children and families assessment; "
        "c and f; candf; c f; cf; c and f assessment; candf assessment; c f assessment; cfa; single; single assessment; continuous assessment; sa; annual assessment; "
        "annual child assessment; cla assessment; lac assessment; updated assessment; holistic assessment; initial assessment; "
        "core assessment; social work assessment; child family assessment; updated child and family assessment; cin assessment",
        "specialist": "specialist; specialist assessment; expert; expert assessment; psychological; psychological assessment; psychologist; "
        "psychologist assessment; psychiatric; psychiatric assessment; parenting; parenting assessment; pams; pams assessment; cognitive; "
        "cognitive assessment; camhs; camhs assessment; sibling; sibling assessment; together and apart; together and apart assessment; "
        "together or apart assessment; sibling attachment assessment; risk assessment by expert; drug and alcohol assessment; hair strand test; "
        "viability assessment; connected person assessment; connected persons assessment; sgo assessment; "
        "special guardianship assessment; kinship assessment; residential assessment; neurodevelopmental assessment; "
        "educational psychology; educational psychologist assessment; therapeutic assessment; attachment assessment; parent assessment; "
        "speech and language assessment; autism assessment; paediatric assessment; neuropsychological assessment; clinical psychologist",
        "other": "other",
    },
}  # fmt: skip


def _table(name: str) -> dict[str, str]:
    return {fold(phrase): code for code, phrases in _PHRASES[name].items() for phrase in phrases.split(";")}


# Coded field -> phrases.
PHRASES: dict[str, dict[str, str]] = {
    "meeting_type": _table("meeting_type"),
    "status": _table("status"),
    "chair_role": _table("role"),
    "attendee_roles": _table("role"),
    "plan_change": _table("plan_change"),
    "domains": _table("domains"),
    "permanence_plan": _table("permanence_plan"),
    "assessment_type": _table("assessment_type"),
}

# What the template's pick-lists offer; each is read back as its code.
LABELS: dict[str, str] = {
    "cpm": "Care Planning Meeting", "final_plan_cpm": "Final Care Plan CPM", "placement_planning": "Placement Planning Meeting",
    "review": "Child in Care Review", "other": "Other", "held": "Held", "booked": "Booked", "cancelled": "Cancelled",
    "postponed": "Postponed", "social_worker": "Social worker", "team_manager": "Team manager",
    "senior_practitioner": "Senior practitioner", "service_manager": "Service manager", "fostering": "Fostering",
    "adoption_manager": "Adoption manager", "parenting_assessor": "Parenting assessor",
    "contact_centre_manager": "Contact centre manager", "iro": "IRO", "none": "None", "minor": "Minor", "substantial": "Substantial",
    "health": "Health", "education": "Education", "emotional_behavioural": "Emotional and behavioural development",
    "identity": "Identity", "family_social": "Family and social relationships", "social_presentation": "Social presentation",
    "self_care": "Self-care skills", "return_home": "Return home", "adoption": "Adoption", "sgo_cao": "SGO or CAO",
    "long_term_fostering": "Long-term fostering", "residential": "Residential", "supported_living": "Supported living",
    "child": "Child and family", "specialist": "Specialist", "yes": "Yes", "no": "No",
    "C1": "C1 Interim care order", "C2": "C2 Full care order", "D1": "D1 Freeing order granted", "E1": "E1 Placement order granted",
    "V2": "V2 Single period of accommodation (section 20)", "V3": "V3 Short breaks, series of placements",
    "V4": "V4 Short breaks", "L1": "L1 Police protection", "L2": "L2 Emergency protection order",
    "L3": "L3 Child assessment order", "J1": "J1 On remand", "J2": "J2 Accommodated under PACE", "J3": "J3 Sentenced to a youth rehabilitation order",
}  # fmt: skip

_OURS = r"lac|cla|cic|looked after(?: child(?:ren)?s?)?|child(?:ren)?s? (?:in care|looked after)|our child(?:ren)?s?"
_WHOSE = rf"(?:(?:{_OURS}|child(?:ren)?s?) )?"
_NTH = r"first|initial|1st|second|2nd|third|3rd|\d+th|subsequent"
_WHICH = rf"(?:(?:{_NTH}|further|interim|monthly|next|follow up) )?"
_FORM_WORDS = r"record|records|form|minutes|meeting|meetings|notes|outcome|report|v\d+|\d+"
_FORM = rf"(?: (?:{_FORM_WORDS}|conference))*$"
_CPM = r"(?:care plan(?:ning)? meeting|care planning|cpm)s?"
_MEETING_PATTERNS = (
    (re.compile(rf"{_WHOSE}(?:pre )?final (?:care plan(?:ning)? )?{_CPM}{_FORM}"), "final_plan_cpm"),
    (re.compile(rf"{_WHOSE}{_CPM}(?: (?:for|to agree|re|regarding|before|on|about|the))* (?:final (?:care )?plan|final){_FORM}"), "final_plan_cpm"),
    (re.compile(rf"final care plan{_FORM}"), "final_plan_cpm"),
    (re.compile(rf"{_WHOSE}{_WHICH}{_WHOSE}{_CPM}{_FORM}"), "cpm"),
    (re.compile(rf"{_WHOSE}{_WHICH}(?:placement plan(?:ning)?(?: meeting)?|ppm|placement (?:agreement|information) meeting|placement plan and agreement){_FORM}"), "placement_planning"),
    # There are many kinds of review ("Case review", "Monthly review", "Child review", "Review conference"). The statutory one
    # says whose it is, or statutory, or IRO; or it says nothing but which in the row of them it is.
    (re.compile(rf"{_WHICH}(?:statutory |iro )?(?:{_OURS}) {_WHICH}(?:statutory |iro |case )?review{_FORM}"), "review"),
    (re.compile(rf"{_WHICH}{_WHOSE}{_WHICH}(?:statutory|iro) {_WHOSE}{_WHICH}(?:case )?review{_FORM}"), "review"),
    (re.compile(rf"(?:(?:{_NTH}) )?review(?: (?:{_FORM_WORDS}))*(?: iro)?$"), "review"),
    (re.compile(r"(?:lac|cla|cic) ?r$"), "review"),
)  # fmt: skip
# Attendees. Words that say that somebody was not there, or that they were asked and not that they came.
_ABSENT = re.compile(
    r"\b(apolog\w*|apols?|absen\w*|regrets|declined|dna|d n a|not|never|didnt|couldnt|unable|failed|non attend\w*|no show|"
    r"sent report|unavailable|vacant|tbc|sick|leave|excused|on behalf|represented|(?:attended|attendance|present|there) (?:no|n)|"
    r"invited(?!.*\b(?:attended|present|came|joined)\b))\b"
)
# "Service manager?", a box that is not ticked, a cross (in Word's boxes a tick, elsewhere not).
_DOUBTFUL = re.compile("[?？☐☒✗✘✖❌]")
_DASH = r"[:=\-–—]"
_AWAY_WORDS = (
    r"(?:(?:sent|received|with|invited but|invited and) ){0,3}(?:apolog\w*|apols?\b|absen\w*|not (?:present|in attendance|attend\w*|invited)|"
    r"(?:did not|didn.?t|could not|couldn.?t|unable to|failed to) attend|dna\b|d\.n\.a|non.attend\w*)"
)
_LISTED_WORDS = r"(?:invited|invitees?|invitations?|(?:distribution|circulation)(?: list)?|copied to|cc|minutes to)"
_THERE_WORDS = r"(?:(?:also|those|people|persons?|in|all) ){0,3}(?:present|attended|attending|attendance|attendees?|participants?)(?: (?:present|in person|online|virtually|(?:at|in) (?:the )?meeting))?"
# From a heading of this kind on nobody was there, until the end or a heading of the other kind. "Apologies from IRO; SW" doesn't
# say where the apologies end, so they don't.
_AWAY = re.compile(rf"[\W_]*(?:{_AWAY_WORDS}|{_LISTED_WORDS}\s*(?:{_DASH}|$))", re.I)
_THERE = re.compile(rf"[\W_]*{_THERE_WORDS}\s*(?:{_DASH}|$)", re.I)
# "SW, IRO. Apologies: TM", "SW, IRO. Apologies from TM": headings that do not begin a line.
_HEADING_AFTER_STOP = re.compile(
    rf"(?:[.]|\s)\s{{1,9}}(?=(?:{_AWAY_WORDS}|{_LISTED_WORDS}|{_THERE_WORDS})\s*:|{_AWAY_WORDS}\s+(?:from|were|received)\b)",
    re.I,
)
# "SW IRO Apologies: TM, SM", and not "TM (apologies: on leave)".
_AWAY_INSIDE = re.compile(rf"\b(?:{_AWAY_WORDS})\s*:(?![^(\[]*[)\]])", re.I)
_BESIDE = re.compile(r"[()\[\]/:=–—,;|\n]|\s-\s|\band\b", re.I)
# One attendee: up to a semicolon, line break, comma, bar or bullet that is not in brackets.
_ATTENDEE = re.compile(r"(?:\([^()]*\)|\[[^\[\]]*\]|[^;\n,|•])+")
# "P2) Adoption", "b. Adoption", "2 - Adoption"
_NUMBERED = re.compile(r"^\(?(?:[a-z]?\d{1,2}|[a-z])\s*[).:\-]+\s*", re.I)
# "Other permanent plan" is other; "Other: adoption" and "Other - SGO" name a plan that has its own code, so they are asked about.
_PLANS = "|".join(
    sorted((phrase for phrase, code in PHRASES["permanence_plan"].items() if code != "other"), key=len, reverse=True)
)
_OTHER = re.compile(rf"other\b(?!.*\b(?:{_PLANS})\b)")


_SEX = {"1": "Male", "01": "Male", "m": "Male", "2": "Female", "02": "Female", "f": "Female"}


def read_gender(cell: object) -> tuple[str | None, Fault | None]:
    """ "b) Female" of Annex A is Female, and so are the censuses' 2 and F."""
    value, fault = read_text(cell)
    return value and _SEX.get(value.casefold(), without_number(value)), fault


def without_number(text: str) -> str:
    """ "b) Female" -> "Female"."""
    return _NUMBERED.sub("", text.strip()) or text


def read_code(field: str, codes: tuple[str, ...], text: str, remembered: dict[str, str]) -> str | None:
    """The code for one value of a coded field, "" for a value remembered as blank, or None when it is not known."""
    folded = fold(text)
    code = _known(field, codes, folded, remembered)
    if code is None and field == "meeting_type":
        code = next((c for pattern, c in _MEETING_PATTERNS if pattern.match(folded)), None)
    if code is None and field in ("permanence_plan", "assessment_type"):
        shorter = fold(without_number(text))
        code = remembered.get(shorter) or PHRASES[field].get(shorter)
        if code is None and field == "permanence_plan" and _OTHER.match(shorter):
            code = "other"
    return code


def _known(field: str, codes: tuple[str, ...], folded: str, remembered: dict[str, str]) -> str | None:
    if folded in remembered:
        return remembered[folded]
    as_code = folded.replace(" ", "_")
    return as_code if as_code in codes else PHRASES[field].get(folded)


def read_domains(codes: tuple[str, ...], text: str, remembered: dict[str, str]) -> tuple[tuple[str, ...], list[str]]:
    """(known codes in the order of DOMAINS, then UNREAD if something was not known; the entries not known)."""
    known: set[str] = set()
    unknown: list[str] = []
    for part in _parts(text):
        found = _domain(part, codes, remembered)
        if found is None:
            # Commas are not the agreed separator: used only when every piece between them is known.
            pieces = [_domain(p, codes, remembered) for p in re.split(r"[,|]", part) if p.strip()]
            found = set().union(*pieces) if len(pieces) > 1 and None not in pieces else None
        if found is None:
            unknown.append(part)
        else:
            known |= found
    return tuple(d for d in DOMAINS if d in known) + ((UNREAD,) if unknown else ()), unknown


def _domain(part: str, codes: tuple[str, ...], remembered: dict[str, str]) -> set[str] | None:
    code = read_code("domains", codes, part, remembered)
    if code is None:
        return None
    return set(DOMAINS) if code == ALL else {code} if code else set()


def read_roles(codes: tuple[str, ...], text: str, remembered: dict[str, str]) -> tuple[str, ...]:
    """Roles present, in the order of ROLES; whoever is none of them is `other`.

    Not there: "Team manager (apologies)", "Team manager - No", and all after "Apologies:". What is beside a role and can't be
    told does not count as presence: the rules ask who was there.
    """
    found: list[set[str]] = []
    away = only_this_line = False
    line = 0  # where in `found` the line, or what is between two semicolons, begins
    if ":" in text or "." in text:
        text = _HEADING_AFTER_STOP.sub("\n", text)
    for match in _ATTENDEE.finditer(text):
        part = match[0]
        if part.isspace():
            continue
        after_comma = bool(found) and text[match.start() - 1] == ","
        if not after_comma:
            line = len(found)
            away = away and not only_this_line
        there = _THERE.match(part)
        if there:
            away, part = False, part[there.end() :]
            if not part.strip():
                continue
        folded = fold(part)
        heading = _AWAY.match(part)
        alone = heading is not None and not fold(part[heading.end() :])
        if (alone and after_comma) or folded in _NO:
            # "TM, Jane Smith, apologies" is about the one before; "SW, Apologies, TM" about the one after: neither counts.
            _take_back(found, line if after_comma else len(found) - 1)
        if heading:
            away, only_this_line = True, alone and after_comma
        found.append({"other"} if away else _roles_of(part, folded, codes, remembered))
        if not away and ":" in part and _AWAY_INSIDE.search(part):
            away, only_this_line = True, False
    present = set().union(*found)
    return tuple(r for r in ROLES if r in present)


def tells_absence(line: str) -> bool | None:
    """Of a line of an attendance list: whether it begins with a heading like "Apologies:" (True) or "Present:" (False), else None."""
    return True if _AWAY.match(line) else False if _THERE.match(line) else None


_NO = {"no", "n", "0", "n a"}


def _take_back(found: list[set[str]], since: int) -> None:
    """The last role read was not there; names of nobody's role are passed over."""
    for i in range(len(found) - 1, max(since, 0) - 1, -1):
        was, found[i] = found[i], {"other"}
        if was != {"other"}:
            return


def _roles_of(part: str, folded: str, codes: tuple[str, ...], remembered: dict[str, str]) -> set[str]:
    if _ABSENT.search(folded) or _DOUBTFUL.search(part):
        return {"other"}
    whole = _known("attendee_roles", codes, folded, remembered)
    if whole is not None:
        return {whole} if whole else set()
    # "Jane Smith (Team Manager)", "Team manager - Jane Smith", "Team manager and chair"
    out: set[str] = set()
    for piece in filter(None, map(fold, _BESIDE.split(part))):
        code = _known("attendee_roles", codes, piece, remembered)
        if code:
            out.add(code)
        elif code is None and _is_no(piece):
            return {"other"}
    return out or {"other"}


def _is_no(folded: str) -> bool:
    """ "No", "N", "none", "0", or a letter that is neither yes nor present (an A may be for attended or for apologies). "N Smith" is a name."""
    if len(folded) == 1:
        return folded == "0" or (folded.isalpha() and folded not in "yp")
    return folded.startswith("no ") or folded in ("no", "none", "nil")


def _parts(text: str) -> list[str]:
    return [p.strip(" •-*\t") for p in re.split(r"[;\n•]", text) if p.strip(" •-*\t")]


# SSDA903's codes of a legal status.
LEGAL_CODES = ("C1", "C2", "D1", "E1", "V2", "V3", "V4", "L1", "L2", "L3", "J1", "J2", "J3")
_LEGAL_CODE = re.compile(r"\s*(C1|C2|D1|E1|V2|V3|V4|J1|J2|J3|L1|L2|L3)(?![A-Za-z0-9])", re.I)
_LEGAL_CODE_ANYWHERE = re.compile(r"(?<![A-Za-z0-9])(C1|C2|D1|E1|V2|V3|V4|J1|J2|J3|L1|L2|L3)(?![A-Za-z0-9])", re.I)
_LEGAL_OVER = re.compile(r"\b(?:discharged|expired|revoked|lapsed|ceased)\b")  # which status the child has then isn't said
# Names in the order in which they are looked for: the more particular first, and each is taken out of the text once found.
_LEGAL_NAMES = tuple((re.compile(rf"\b(?:{names})\b"), name) for names, name in (
    (r"series of short (?:term )?breaks when agreements are recorded(?: i ?e not individual episodes of care)?", "V4"),
    (r"short (?:term )?breaks?(?: when individual episodes of care are recorded)?|respite", "V3"),
    (r"interim care orders?|interim orders?|icos?|section 38", "C1"),
    (r"placement orders?", "E1"),
    (r"freeing orders?", "D1"),
    (r"(?:full|final) care orders?|fcos?", "C2"),
    (r"care orders?", "care order"),
    (r"section 31", "section 31"),
    (r"emergency protection orders?|epos?", "L2"),
    (r"police protection", "L1"),
    (r"child assessment orders?", "L3"),
    (r"remand(?:ed)?(?: to)?(?: local authority accommodation or to youth detention accommodation)?", "J1"),
    (r"pace|police and criminal evidence act|police bail", "J2"),
    (r"youth rehabilitation orders?(?: criminal justice and immigration act 2008(?: as amended by (?:the )?legal aid sentencing and punishment of "
     r"offenders(?: laspo)? act 2012)?)?(?: with residence or intensive fostering requirement)?|sentenced(?: to)?(?: a)?", "J3"),
    (r"section 20|voluntary|voluntarily|single period of accommodation", "V2"),
    *((code.lower(), code) for code in LEGAL_CODES),
))  # fmt: skip
_SECTION = re.compile(r"\b(?:section|sect|sec|s) ?(\d+)\b")
_SECTION_TOO = re.compile(r"\b(section \d+) (?=(?:20|31|38)\b)")  # "S31/38" is of two sections
# The laws that the orders are made under: they name none, and their years are no dates of a status.
_LAWS = re.compile(r"\b(?:section (?:18|21|22|43|44|46)|(?:children act|aca|ca) ?(?:1989|2002))\b")
# What may stand beside a name and change nothing. Any other word may (not, refused, applied for, discharged, until, previously),
# so a text with one is asked about.
_HARMLESS = re.compile(
    r"\b(?:until further order|subject to|in force|(?:adoption and )?children act|local authority|youth detention|looked after|lac|cla|cic|"
    r"\d+(?:st|nd|rd|th)?|"
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"an?|and|the|on|in|of|from|under|by|with|at|since|is|has|been|wef|"
    r"granted|made|given|renewed|extended|current|currently|active|dated?|start|started|commenced|began|effective|"
    r"orders?|legal|status|child|full|final|interim|placed|placements?|home|parents?|parental|consent|la|council|family|court|only|"
    r"accommodation|accommodated|agreement|agreed|arrangements?|care|single|period|series|overnight)\b"
)
_NUMBER = re.compile(r"\b\d+")
# Several statuses that SSDA903 counts as one: a placement order beside a care order; short breaks, and their code.
_TOGETHER = {frozenset({"E1", "C2"}): "E1", frozenset({"V3", "V4"}): "V4"}


def legal_code(text: str | None, remembered: dict[str, str] | None = None) -> str | None:
    """SSDA903 code of a legal status: the code at the front, unless another stands behind it, else by its name; None when it can't be told, and
    is asked about.

    A name counts only in a text that says nothing else: "Care order (interim)" is C1, "Section 20 - care order applied for" is
    None. "Placement order and care order" is E1. "Agreed series of short term breaks" without a code is V3.
    """
    if not text:
        return None
    folded = fold(text)
    if remembered and folded in remembered:
        return remembered[folded] or None
    match = _LEGAL_CODE.match(text)
    if match:
        if _LEGAL_OVER.search(folded):
            return None
        codes = frozenset(code.upper() for code in _LEGAL_CODE_ANYWHERE.findall(text))
        return match[1].upper() if len(codes) == 1 else _TOGETHER.get(codes)
    return None if "?" in text else _legal_by_name(folded)


def _legal_by_name(folded: str) -> str | None:
    rest = _SECTION_TOO.sub(r"\1 section ", _SECTION.sub(r"section \1", folded))
    named: set[str] = set()
    for pattern, name in _LEGAL_NAMES:
        if pattern.search(rest):
            named.add(name)
            rest = pattern.sub(" ", rest)
    rest = _LAWS.sub(" ", rest)
    if _HARMLESS.sub("", rest).strip() or len(_NUMBER.findall(rest)) > 3:
        return None  # four numbers are more than one date: from when until when
    words = set(rest.split())
    if "care order" in named:
        named = named - {"care order"} | {"C1" if "interim" in words else "C2"}
    if "section 31" in named:  # of care orders of both kinds
        named = named - {"section 31"} | (set() if "C1" in named else {"C2"})
    if ("interim" in words and "C1" not in named) or (words & {"full", "final"} and "C2" not in named):
        return None
    return next(iter(named)) if len(named) == 1 else _TOGETHER.get(frozenset(named))
