"""A text as a QR code: what an authenticator's camera reads off the screen."""

import io

import segno


def svg(text: str) -> str:
    """The code as an SVG image of its own, without anything that a page could not hold."""
    target = io.BytesIO()
    segno.make(text, error="m", micro=False).save(target, kind="svg", scale=5, border=4, xmldecl=False, light="#fff")
    return target.getvalue().decode()
