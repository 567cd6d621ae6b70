"""How forms look, everywhere on this site."""

from __future__ import annotations

from django import forms

BOXES = (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect)


def dress(form: forms.BaseForm) -> None:
    """Boxes to tick stay as they are; a widget that was given its class keeps it."""
    for field in form.fields.values():
        widget = field.widget
        if not isinstance(widget, BOXES) and not widget.is_hidden:
            widget.attrs.setdefault("class", "form-select" if isinstance(widget, forms.Select) else "form-control")
