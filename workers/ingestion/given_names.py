"""Given names that are common where data in Latin script come from; a hint that a column names people."""

NAMES = """
aaron adam ahmed aisha alan albert alejandro alex alexander ali alice amanda amir amy ana andrea andrew angela
anita ann anna anne anthony antonio arjun barbara ben benjamin betty bob brandon brenda brian carl carlos carol
caroline catherine charles cheryl christina christine christopher claire clara cynthia daniel david deborah
denise dennis diana diane diego donald donna dorothy douglas edward elena elizabeth emily emma eric erika eva
fatima felix fiona francisco frank gabriel gary george gerald giulia grace greg gregory hannah hans harold
heather helen henry ian ines ingrid isabel ivan jack jacob james jane janet jason jean jeffrey jennifer jessica
jing joan johan john jonathan jose joseph joshua joyce juan judith julia julie jurgen justin karen karl
katherine kathleen keith kelly kenji kenneth kevin klaus kumar larry lars laura lena leo linda lisa louis luca
lucas lucia luis maria marie mario mark marta martin mary matthew megan mei melissa michael michelle miguel
mohamed mohammed monika muhammad nancy natalie nathan nicholas nicole nina noah olga oliver olivia omar oscar
pablo pamela patricia patrick paul paula pedro peter philip pierre priya rachel ralph ravi raymond rebecca
richard robert roger ronald rosa rose roy ruth ryan samantha samuel sandra sara sarah scott sean sergei sharon
shirley sofia sophia stefan stephanie stephen steven sunita susan teresa theresa thomas timothy tom tyler ursula
victoria vincent virginia walter wei wolfgang yuki yusuf
"""
GIVEN_NAMES = frozenset(NAMES.split())
