"""四项指标: enrolment, warnings with help, applications in time, fund used; per month, counted each night."""
