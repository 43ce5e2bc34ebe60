"""Puts the strings of a request into the form that the contract demands, before they are validated."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor

from service_kit.contract import Contract
from service_kit.contract.policy import TextForm

_FORMS: Mapping[TextForm, Callable[[str], str]] = {
    TextForm.NFC: lambda text: unicodedata.normalize("NFC", text),
    TextForm.TRIMMED: str.strip,
}


class TextForms:
    """The forms of a message type's own strings; those of nested messages stay as they came."""

    def __init__(self, contract: Contract, descriptor: Descriptor) -> None:
        forms = ((field.name, contract.field_policy(field).text_form) for field in descriptor.fields)
        self._forms = [(name, _FORMS[form]) for name, form in forms if form is not TextForm.AS_IT_CAME]

    def apply(self, message: Any) -> None:
        """Changes the strings that have another form."""
        for name, form in self._forms:
            came = getattr(message, name)
            if (formed := form(came)) != came:
                setattr(message, name, formed)
