"""Why a cohort has no estimate in a period, as the column ``status`` of cells says it."""

NO_BASE = "no period before treatment"
NONE_AFTER = "no period after treatment"
UNOBSERVED = "no treated unit observed in both periods"
UNOBSERVED_OR_BASE = "no treated unit observed in the period or its base"
NO_CONTROLS = "no controls"
ONE_TREATED = "one treated unit"
COLLINEAR = "collinear covariates"
SEPARATE = "covariates separate treated from controls"
ABSORBED = "collinear with the unit and period effects"

ALL = (
    NO_BASE,
    NONE_AFTER,
    UNOBSERVED,
    UNOBSERVED_OR_BASE,
    NO_CONTROLS,
    ONE_TREATED,
    COLLINEAR,
    SEPARATE,
    ABSORBED,
)
