-- Datasets as they stood on the as-at date: nothing that began after it, later ends shown as open.

-- One row: a placement.
CREATE TABLE placements_known AS
SELECT * EXCLUDE (placement_end), upto(placement_end) AS placement_end
FROM snap.placements WHERE placement_start <= as_at();

-- One row: an assessment.
CREATE TABLE assessments_known AS SELECT * FROM snap.assessments WHERE assessment_date <= as_at();

-- One row: a set of proceedings. Planned dates (plan due) stay even when they lie ahead.
CREATE TABLE proceedings_known AS
SELECT pr.* EXCLUDE (concluded, la_assessment, experts_received, plan_filed, source, row),
    upto(pr.concluded) AS concluded, upto(pr.la_assessment) AS la_assessment,
    upto(pr.experts_received) AS experts_received, upto(pr.plan_filed) AS plan_filed,
    list_contains(s.columns, 'concluded') AS has_concluded,
    list_contains(s.columns, 'la_assessment') AS has_la_assessment,
    list_contains(s.columns, 'experts_commissioned') AS has_experts_commissioned,
    list_contains(s.columns, 'experts_received') AS has_experts_received,
    list_contains(s.columns, 'plan_due') AS has_plan_due,
    pr.source, pr.row
FROM snap.proceedings pr JOIN snap.sources s USING (source)
WHERE pr.issued <= as_at();
