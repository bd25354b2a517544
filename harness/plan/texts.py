"""Sample texts for inputs: what people really type into accounting software."""

SAMPLE_TEXTS = {
    "plain": "golive check",
    "unicode": "Zoë Łukasiewicz 株式会社 שלום مرحبا नमस्ते Привет 👩‍👩‍👧‍👦 e\u0301 ﬁ “quotes” & <tags> \\ back",
    "long": " ".join(f"word{number:04d}" for number in range(110)),
    "lines": "first line\nsecond line\n\tindented",
}
"""Texts of the `$text` directive. `unicode` holds several scripts, a joined emoji, a combining accent that must not be
normalised, and characters that careless escaping breaks; `long` has about 1,000 characters."""
