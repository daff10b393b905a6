"""Curves and figures as pictures: plain SVG, the same bytes for the same figures, with the table behind each."""
