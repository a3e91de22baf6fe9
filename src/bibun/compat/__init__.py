"""Names and meanings of other libraries, so that code written for them runs on bibun."""
