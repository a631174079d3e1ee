"""Pages of enrolment, by what one comes for."""
