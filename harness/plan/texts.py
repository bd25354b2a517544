"""Sample texts for inputs: what people really type into accounting software."""

SAMPLE_TEXTS = {
    "plain": "golive check",
    "unicode": "Zoë d'Łukasiewicz & Söhne + 👍🏽 ❤\ufe0f 株式会社 שלום مرحبا नमस्ते Привет 👩‍👩‍👧‍👦 e\u0301 ﬁ “quotes”"
    ' & <tags> \\ back 1+1 100%25 &amp; "straight" {"a": [0.10]} no\u00a0break',
    "long": "=2+3 " + " ".join(f"word{number:04d}" for number in range(460)),
    "lines": "  first line\nsecond  line\r\n\tindented ",
}
"""Texts of the `$text` directive. `unicode` holds several scripts, a joined emoji, one with a skin tone, one with a
variation selector, a combining accent that must not be normalised, and characters that careless escaping or decoding
breaks; `long` has about 4,100 characters and begins like a formula; `lines` begins and ends with spaces and has line
breaks of two kinds."""

SHORTER = (1_000, 255, 100)
"""Lengths to which a text is cut when a platform refuses it: how long a text may be is not published. UNKNOWN."""
