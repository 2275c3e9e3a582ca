"""The two bookmarks: one fills in our page, and one also hands in the link, with a token of its own."""

import json

WINDOW = '"_blank","popup,noopener,width=480,height=640"'


def two_taps(address: str) -> str:
    """Opens our add page, in a small window, for the page one is on. Holds no secret."""
    return (
        f"javascript:void open({json.dumps(address + '/add?url=')}+encodeURIComponent(location.href)"
        f'+"&title="+encodeURIComponent(document.title)+"&then=close",{WINDOW})'
    )


def one_click(address: str, token: str) -> str:
    """Opens our page that hands in the link by itself. `token` may hand in links only.

    It goes behind the `#`, which browsers send to nobody: it is in no log, and no Referer. A form sent
    from the page one is on would do without that, but its policy (`form-action`) may forbid it, and
    browsers warn of a form that goes from https to a server at home without it.
    """
    return (
        f"javascript:void open({json.dumps(address + '/add/now#token=' + token)}"
        '+"&url="+encodeURIComponent(location.href)+"&title="+encodeURIComponent(document.title),'
        f"{WINDOW})"
    )
