"""OAuth 2 (RFC 6749) for mail accounts at Google and Microsoft."""
