"""Leaving: everything taken along as a file, brought in again elsewhere, and deleted here."""
