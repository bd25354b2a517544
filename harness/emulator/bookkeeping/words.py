"""Names and texts in many scripts: what a unified API really carries."""

COMPANIES = (
    "Acme Inc", "Zoë & Söhne GmbH", "Łukasiewicz Sp. z o.o.", "株式会社ミライ", "上海明亮贸易有限公司", "삼성물산",
    "شركة النور للتجارة", "חברת אור בע״מ", "नमस्ते ट्रेडर्स", "ООО Ромашка", "Ναυτιλία ΑΕ", "Công ty Hoa Sen",
    "Café Olé", "Cafe\u0301 Décomposé", "O'Brien & Sons", 'Quote "Q" Ltd', "Smith, Jones; Partners",
    "Müller-Lüdenscheidt",
    "Ñandú S.A.", "İstanbul Ticaret", "สยามพาณิชย์", "ქართული ღვინო", "Հայ Գրքեր", "<Tag> & Co", "100% Juice Co",
    "Back\\slash Works", "Emoji 👩‍👩‍👧‍👦 Family", "Flag 🇯🇵 Imports", "Trailing Dot Inc.", "UPPER lower MiXeD",
    "Ærøskøbing Færge", "Straße 9", "ﬁ Ligature Press", "A", "Nordwind Logistik", "Blue Fig Foods", "Kestrel Marine",
    "Tabletop Rocket", "Seven Hills Clinic", "Grey Heron Books",
)  # fmt: skip
MEMOS = (
    "Monthly retainer", "Überweisung für März", "三月の請求書", "فاتورة رقم ١٢", "קבלה", "चालान", "Счёт за услуги",
    "Line one\nline two", "Tab\tseparated", "Rush 🚚 delivery", "Zero\u200dwidth", "Right\u200fto\u200eleft",
    'He said "later"', "50% deposit & balance", "path C:\\temp", "e\u0301 decomposed", "é composed", "<b>bold</b>",
    "Consulting, phase 2", "Office supplies",
)  # fmt: skip
PEOPLE = ("Ana Núñez", "李小龍", "Sinéad O'Connor", "Мария Иванова", "יעל כהן", "محمد علي", "Jean-Luc Picard", "Åsa Ek")
CITIES = ("San Francisco", "München", "東京", "São Paulo", "القاهرة", "Kraków", "Reykjavík", "Đà Nẵng")


def company(number: int) -> str:
    """A company name; unique through its number where the list repeats."""
    name = COMPANIES[number % len(COMPANIES)]
    turn = number // len(COMPANIES)
    return f"{name} {turn + 1}" if turn else name


def memo(number: int) -> str:
    """A memo text."""
    return MEMOS[number % len(MEMOS)]


def person(number: int) -> str:
    """A person's name."""
    return PEOPLE[number % len(PEOPLE)]


def city(number: int) -> str:
    """A city's name."""
    return CITIES[number % len(CITIES)]
