"""Every query about users, their sessions and their tokens. Missing = None."""

import unicodedata
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from app.accounts.model import LoginSession, Scope, SignInLink, Token, User
from app.errors import Conflict, Invalid
from app.languages.say import say

LONGEST_NAME = 64
LARGEST_ID = 2**63 - 1


def name_key(name: str) -> str:
    """What two spellings of one name have in common."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def clean_name(name: str) -> str:
    """A user's name as it is kept. Raises Invalid."""
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        sentence = say(f"Use 1 to {LONGEST_NAME} visible characters for the name.")
        raise Invalid(sentence, fields={"name": sentence})
    return clean


def any_user(session: Session) -> bool:
    return session.scalar(select(exists().where(User.id.is_not(None)))) or False


def find_user(session: Session, name: str) -> User | None:
    """By name, whatever its case."""
    return session.scalar(select(User).where(User.name_key == name_key(name.strip())))


def get_user(session: Session, user_id: int) -> User | None:
    return session.get(User, user_id)


def names_of(session: Session, user_ids: Collection[int]) -> dict[int, str]:
    """The names of these users by id, in their order; those who are gone have none."""
    wanted = select(User.id, User.name).where(User.id.in_(user_ids)).order_by(User.name_key)
    return {row[0]: row[1] for row in session.execute(wanted)}


def conflict_of(session: Session, user_id: int) -> str | None:
    """What this user wants done with a track that is there already; None: nothing was said."""
    return session.scalar(select(User.conflict).where(User.id == user_id))


def set_conflict(session: Session, user_id: int, conflict: str | None) -> None:
    session.execute(update(User).where(User.id == user_id).values(conflict=conflict))


def set_language(session: Session, user_id: int, language: str) -> None:
    session.execute(update(User).where(User.id == user_id).values(language=language))


def first_admin(session: Session) -> User | None:
    """The admin who was here first: the one to act for when nobody is named."""
    return session.scalar(select(User).where(User.is_admin).order_by(User.id).limit(1))


def create_user(session: Session, name: str, password_hash: str, *, is_admin: bool) -> User:
    """Raises Conflict when the name is taken, in whatever case."""
    if find_user(session, name):
        raise Conflict("There is already a user of that name. Choose another one.", code="name_taken")
    user = User(name=name, name_key=name_key(name), password_hash=password_hash, is_admin=is_admin)
    session.add(user)
    session.flush()
    return user


def create_first_admin(session: Session, name: str, password_hash: str) -> User | None:
    """The first user of all, or None when there is somebody already."""
    if any_user(session):
        return None
    return create_user(session, name, password_hash, is_admin=True)


def set_password(session: Session, user_id: int, password_hash: str) -> None:
    session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))


def add_session(
    session: Session, user_id: int, token_hash: str, device: str, now: datetime, expires_at: datetime
) -> LoginSession:
    row = LoginSession(
        user_id=user_id,
        token_hash=token_hash,
        device=device,
        created_at=now,
        seen_at=now,
        expires_at=expires_at,
    )
    session.add(row)
    session.flush()
    return row


def find_session(session: Session, token_hash: str) -> tuple[LoginSession, User] | None:
    """With its user; also one that has expired."""
    row = session.execute(
        select(LoginSession, User).join(User).where(LoginSession.token_hash == token_hash)
    ).first()
    return (row[0], row[1]) if row else None


def list_sessions(session: Session, user_id: int, now: datetime) -> list[LoginSession]:
    """Those that still work, last seen first."""
    return list(
        session.scalars(
            select(LoginSession)
            .where(LoginSession.user_id == user_id, LoginSession.expires_at > now)
            .order_by(LoginSession.seen_at.desc(), LoginSession.id.desc())
        )
    )


def touch_session(session: Session, session_id: int, now: datetime, expires_at: datetime) -> None:
    session.execute(
        update(LoginSession).where(LoginSession.id == session_id).values(seen_at=now, expires_at=expires_at)
    )


def end_session(session: Session, user_id: int, session_id: int) -> bool:
    """False when the user has no such session."""
    return _delete_own(session, LoginSession, user_id, session_id)


def end_session_by_hash(session: Session, token_hash: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == token_hash))


def end_other_sessions(session: Session, user_id: int, keep: int | None) -> None:
    """All of the user's sessions but `keep`; all of them for None."""
    others = delete(LoginSession).where(LoginSession.user_id == user_id)
    session.execute(others if keep is None else others.where(LoginSession.id != keep))


def drop_expired_sessions(session: Session, user_id: int, moment: datetime) -> None:
    """Those that had expired at this moment."""
    session.execute(
        delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.expires_at <= moment)
    )


def add_token(session: Session, user_id: int, token_hash: str, scope: Scope, label: str) -> Token:
    row = Token(user_id=user_id, token_hash=token_hash, scope=scope, label=label)
    session.add(row)
    session.flush()
    return row


def find_token(session: Session, token_hash: str) -> tuple[Token, User] | None:
    """With its user."""
    row = session.execute(select(Token, User).join(User).where(Token.token_hash == token_hash)).first()
    return (row[0], row[1]) if row else None


def list_tokens(session: Session, user_id: int) -> list[Token]:
    """Newest first."""
    return list(session.scalars(select(Token).where(Token.user_id == user_id).order_by(Token.id.desc())))


def count_tokens(session: Session, user_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Token).where(Token.user_id == user_id)) or 0


def touch_token(session: Session, token_id: int, now: datetime) -> None:
    session.execute(update(Token).where(Token.id == token_id).values(used_at=now))


def revoke_token(session: Session, user_id: int, token_id: int) -> bool:
    """False when the user has no such token."""
    return _delete_own(session, Token, user_id, token_id)


def put_sign_in_link(session: Session, user_id: int, code_hash: str, expires_at: datetime) -> None:
    """The user's one link; an earlier one stops working."""
    drop_sign_in_link(session, user_id)
    session.add(SignInLink(user_id=user_id, code_hash=code_hash, expires_at=expires_at))


def drop_sign_in_link(session: Session, user_id: int) -> None:
    session.execute(delete(SignInLink).where(SignInLink.user_id == user_id))


def user_of_sign_in_link(session: Session, code_hash: str, now: datetime) -> User | None:
    """Whom a link would sign in; it stays as it is."""
    return session.scalar(
        select(User)
        .join(SignInLink, SignInLink.user_id == User.id)
        .where(SignInLink.code_hash == code_hash, SignInLink.expires_at > now)
    )


def use_sign_in_link(session: Session, code_hash: str, now: datetime) -> User | None:
    """Whom it signs in, for the first who asks. None: used, too old, or made up."""
    user = user_of_sign_in_link(session, code_hash, now)
    if user:
        drop_sign_in_link(session, user.id)
    return user


def _delete_own(session: Session, table: type[LoginSession] | type[Token], user_id: int, row_id: int) -> bool:
    if row_id > LARGEST_ID:
        return False
    own = delete(table).where(table.id == row_id, table.user_id == user_id)
    return session.scalar(own.returning(table.id)) is not None
