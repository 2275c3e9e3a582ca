"""Every query about who users are at an OpenID provider."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.accounts.model import Identity, User


def find_user(session: Session, issuer: str, subject: str) -> User | None:
    return session.scalar(
        select(User).join(Identity).where(Identity.issuer == issuer, Identity.subject == subject)
    )


def identity_of(session: Session, user_id: int, issuer: str) -> Identity | None:
    wanted = select(Identity).where(Identity.user_id == user_id, Identity.issuer == issuer)
    return session.scalar(wanted.order_by(Identity.id).limit(1))


def add(session: Session, user_id: int, issuer: str, subject: str, name: str) -> None:
    session.add(Identity(user_id=user_id, issuer=issuer, subject=subject, name=name))
    session.flush()


def drop(session: Session, user_id: int, issuer: str) -> None:
    session.execute(delete(Identity).where(Identity.user_id == user_id, Identity.issuer == issuer))
