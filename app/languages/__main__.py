"""`python -m app.languages`: writes the list of all texts and brings the catalogues up to it."""

from app.languages.extracting import write_all

if __name__ == "__main__":
    write_all()
