"""What stops an act of enrolment."""


class EnrolmentError(Exception):
    """`str()` is the Chinese sentence that says what is wrong and what to do."""
