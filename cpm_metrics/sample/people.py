"""Who works for the invented council: teams, workers with turnover, managers, Independent Reviewing Officers.

Every name is put together at random from the two hand-made lists below. No person is meant.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from random import Random

from cpm_metrics.sample.days import days

COUNCIL = "Harrowmere Council"

GIRLS = """
Aaliyah Abena Ada Adele Afsana Agnes Aisha Alice Amara Amelia Amina Anika Anya Ava Ayesha Beatrice Bella Bethan
Blessing Bronwen Caitlin Carys Catalina Charlotte Chiara Chloe Ciara Daisy Dalia Daria Darcey Deepa Ebony Edith
Eilidh Elena Elif Eliza Ella Emily Esme Esther Eva Faith Farah Fatima Femi Florence Freya Gabriela Grace Hafsa
Halima Hana Hannah Harriet Holly Ifeoma Imani Imogen Ines Isla Ivy Jasmine Jaya Jessica Kasia Keira Kezia
Khadija Lara Leila Libby Lily Lola Lucy Lydia Maisie Malala Maria Maryam Matilda Maya Megan Meera Mia Milena
Molly Nadia Naomi Ngozi Niamh Nina Noor Olivia Orla Paige Phoebe Poppy Priya Rania Rebecca Rosie Ruby Sadia
Safiya Sakura Samira Sara Scarlett Shanice Sienna Skye Sofia Summer Tamara Tess Thea Tilly Uma Violet Wren
Yasmin Ying Zahra Zainab Zara Zofia
""".split()
BOYS = """
Aaron Abdul Adam Adeel Aidan Ali Amir Andrei Archie Arjun Arlo Arthur Asher Ashton Ayaan Bailey Ben Bilal Blake
Bogdan Caleb Callum Cameron Charlie Chidi Christopher Conor Corey Daniel Daud David Declan Dev Dexter Dylan
Eddie Efe Elijah Elliot Emeka Ethan Ewan Ezra Farhan Finley Freddie Gabriel George Gethin Hamza Harley Harry
Hassan Henry Hugo Ibrahim Idris Isaac Ismail Jack Jacob Jaden Jake James Jayden Jermaine Joel Jonah Joseph Josh
Kai Kamil Karim Kofi Kwame Kyle Leo Levi Liam Logan Louis Luca Lucas Luke Malik Marcus Mason Mateusz Matthew Max
Mehdi Micah Mohammed Moses Muhammad Nathan Nikolai Noah Ollie Oscar Otis Owen Piotr Quentin Rafael Rahul Reece
Reuben Rhys Riley Rory Rowan Ryan Sami Samuel Sanjay Seb Shay Sol Tariq Teddy Theo Thomas Toby Tom Tyrone Umar
Victor Wei Will Xavier Yusuf Zac Zane
""".split()
ARRIVED_ALONE = """
Abel Abdulrahman Ahmad Aman Amanuel Aryan Awet Baryalai Besar Bereket Dawit Delir Ermias Filmon Habib Haile Hiwa
Idrees Jamal Karwan Khalid Milad Nahom Omid Rebin Samiullah Sherzad Tesfay Thanh Tekle Van Yonas Zalmay Zubair
""".split()
SURNAMES = """
Abara Abbott Acheampong Adeyemi Ahmadi Ainsworth Akhtar Albright Alder Ali Amoah Anand Appleby Armitage Ashdown
Asante Aslam Atherton Badger Bakare Balogun Banks Barlow Bashir Beckford Begum Bellamy Bhatt Birch Blackwood
Boateng Bonner Bose Bracken Bramley Brookes Bukhari Burdett Cairns Calder Campion Carver Chaudhry Chowdhury Cho
Clegg Cobb Coker Conteh Cooke Cotterill Crane Croft Cullen Dalby Danso Darko Darwish Daventry Dawes Desai
Dhillon Dixon Doherty Donnelly Drury Duffy Dunmore Eastwood Eccles Edgerton Egan Eze Fairley Farooq Fenwick
Ferreira Finch Flint Forde Foxley Frith Garland Gathercole Ghosh Gill Glover Goodall Gordon Grant Greaves Grewal
Habgood Haddad Halford Hamid Hargreaves Harker Hassan Haworth Heath Hepburn Hewitt Hirst Hollis Horne Hussein
Hyde Idowu Ingham Iqbal Ives Jallow James Jankowski Jarvis Jassal Jennings Johal Jolly Kamara Kapoor Kaur
Kavanagh Keane Kelleher Kendall Khan Khatri Kingsley Kirby Kovacs Kowalski Kumar Lacey Langley Larkin Lawal
Leeming Lennox Li Lister Lockwood Lomax Lowe Lukic Mackie Mahmood Malone Mansour Marchant Marlowe Mather Mbeki
McBride McKenna Mehta Mensah Mercer Mills Mistry Moran Morrow Mukherjee Musa Nadeem Nair Nash Naylor Ncube
Nettles Nguyen Njoroge Novak Nowak Nuttall Oakes Obi Ogden Okafor Okoro Oldfield Osei Owusu Padgett Parekh Patel
Paxton Pearce Penrose Pereira Petrov Phipps Pickering Popescu Prentice Purcell Quaye Quigley Rafiq Rahman Rai
Ramsden Rana Rashid Redfern Reilly Reyes Rigby Romano Rowntree Roy Rutter Sadiq Saleh Sandhu Santos Sargent
Sesay Sharma Shaw Sheikh Shelton Sidhu Silva Singh Skelton Slater Sowerby Stubbs Suleman Swann Szabo Tait Talbot
Tanner Tembo Thackray Thapa Thorne Tierney Timpson Tran Tully Turay Umeh Underhill Usman Varga Vaughan Verma
Villiers Wade Wainwright Walsh Warsame Weaver Welch Whitlock Whyte Wicks Winstanley Wong Wozniak Yates Yeboah
Yilmaz Younis Zafar Zaman Zielinski
""".split()


@dataclass(frozen=True)
class Team:
    name: str
    service: str
    kind: str  # safeguarding, court, in_care, permanence, unaccompanied, disabled


COURT, IN_CARE, PERMANENCE = "Safeguarding and Court", "Children in Care", "Permanence and Specialist"
TEAMS = tuple(
    Team(*parts)
    for parts in (
        ("Family Safeguarding North", COURT, "safeguarding"),
        ("Family Safeguarding South", COURT, "safeguarding"),
        ("Court Team 1", COURT, "court"),
        ("Court Team 2", COURT, "court"),
        ("Children in Care East", IN_CARE, "in_care"),
        ("Children in Care North", IN_CARE, "in_care"),
        ("Children in Care South", IN_CARE, "in_care"),
        ("Children in Care West", IN_CARE, "in_care"),
        ("Permanence North", PERMANENCE, "permanence"),
        ("Permanence South", PERMANENCE, "permanence"),
        ("Unaccompanied Young People", PERMANENCE, "unaccompanied"),
        ("Disabled Children's Team", PERMANENCE, "disabled"),
    )
)
SERVICE_OF = {team.name: team.service for team in TEAMS}


@dataclass(frozen=True)
class Spell:
    """One person in one post, first and last day included."""

    who: str
    first: date
    last: date


class Post:
    """A chair that one person after another sits in."""

    def __init__(self, spells: list[Spell]) -> None:
        self.spells = spells
        self._starts = [s.first for s in spells]

    def on(self, day: date) -> str:
        return self.spells[max(0, bisect_right(self._starts, day) - 1)].who

    def during(self, first: date, last: date) -> list[Spell]:
        return [
            Spell(s.who, max(s.first, first), min(s.last, last))
            for s in self.spells
            if s.first <= last and s.last >= first
        ]


@dataclass
class Staff:
    """Everybody, for the years from `first` to `last`. `posts` are the social workers' posts of a team."""

    posts: dict[str, list[Post]] = field(default_factory=dict)
    managers: dict[str, Post] = field(default_factory=dict)
    seniors: dict[str, Post] = field(default_factory=dict)
    service_managers: dict[str, Post] = field(default_factory=dict)
    iros: list[str] = field(default_factory=list)
    partners: dict[str, list[str]] = field(default_factory=dict)  # role -> names

    def manager_of(self, team: str, day: date) -> str:
        return self.managers[team].on(day)

    def service_manager_of(self, team: str, day: date) -> str:
        return self.service_managers[SERVICE_OF[team]].on(day)


class Names:
    """Full names, each handed out once; then with a middle initial (only a very large council gets there)."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._given: set[str] = set()

    def adult(self) -> str:
        for attempt in range(1000):
            rng = self._rng
            middle = "" if attempt < 20 else f" {rng.choice('ABCDEFGHJKLMNOPRSTW')}"
            name = f"{rng.choice(rng.choice((GIRLS, GIRLS, BOYS)))}{middle} {rng.choice(SURNAMES)}"
            if name not in self._given:
                self._given.add(name)
                return name
        raise RuntimeError("The hand-made lists have run out of names: make them longer.")


def hire(seed: int, children: int, first: date, last: date, manager_left: tuple[str, date]) -> Staff:
    """Posts and who held them. `manager_left` is a team and its manager's last day: since then the post is covered."""
    rng = Random(f"{seed}:staff")
    names = Names(rng)

    def post(mean_years: float, shortest: int) -> Post:
        spells, start = [], first
        while start <= last:
            stay = shortest + int(rng.expovariate(1 / (mean_years * 365)))
            end = min(start + days(stay - 1), last)
            spells.append(Spell(names.adult(), start, end))
            start = end + days(1)
        return Post(spells)

    staff = Staff()
    size = max(2, round(children / 67))
    for team in TEAMS:
        staff.posts[team.name] = [post(2.6, 150) for _ in range(size)]
        staff.managers[team.name] = post(3.0, 300)
        staff.seniors[team.name] = post(3.0, 200)
    for service in (COURT, IN_CARE, PERMANENCE):
        staff.service_managers[service] = post(4.0, 400)
    staff.iros = [names.adult() for _ in range(max(2, round(children / 55)))]
    for role, number in (
        ("fostering", 6),
        ("adoption_manager", 2),
        ("parenting_assessor", 4),
        ("contact_centre_manager", 2),
    ):
        staff.partners[role] = [names.adult() for _ in range(number)]

    team, day = manager_left
    before = [s for s in staff.managers[team].during(first, day) if s.last - s.first > days(300)] or staff.managers[
        team
    ].spells
    leaver = Spell(before[-1].who, before[-1].first, day)
    covering = Spell(f"{names.adult()} (interim)", day + days(1), last)
    staff.managers[team] = Post([*before[:-1], leaver, covering])
    return staff
