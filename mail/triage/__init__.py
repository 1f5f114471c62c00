"""How pressing and how weighty a mail is, and why: word lists, detectors, a sum, a verdict. Pure."""
