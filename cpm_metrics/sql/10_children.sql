-- One row: a period of care that had begun by the as-at date. Dates after the as-at date are blank: they weren't known then.
CREATE TABLE children AS
WITH status_seen AS (  -- one row: a legal status of a child, from either dataset, that had begun by the as-at date
    SELECT child_id, legal_code FROM snap.legal_statuses WHERE legal_status_start <= as_at()
    UNION ALL
    SELECT child_id, legal_code FROM snap.cases
    WHERE legal_status IS NOT NULL AND care_started <= as_at() AND coalesce(legal_status_start, care_started) <= as_at()
),
short_breaks AS (  -- one row: a child whose every legal status is V3 or V4
    SELECT child_id FROM status_seen GROUP BY child_id HAVING bool_and(coalesce(legal_code IN ('V3', 'V4'), false))
),
known AS (
    SELECT
        c.child_id, c.care_started, upto(c.care_ceased) AS care_ceased, c.forename, c.surname, c.date_of_birth, c.gender,
        c.sibling_group, c.reason_ceased,
        CASE WHEN coalesce(c.legal_status_start, c.care_started) <= as_at() THEN c.legal_status END AS legal_status,
        CASE WHEN coalesce(c.legal_status_start, c.care_started) <= as_at() THEN c.legal_code END AS legal_code,
        upto(c.legal_status_start) AS legal_status_start,
        c.placement_type, upto(c.placement_start) AS placement_start, c.team AS case_team, c.worker AS case_worker,
        c.team_manager, c.iro, c.complex_case, c.planning_permanence, c.permanence_plan, c.permanence_plan_text,
        upto(c.permanence_agreed) AS permanence_agreed, c.permanence_agreed IS NULL AS permanence_agreed_blank,
        upto(c.permanence_achieved) AS permanence_achieved, upto(c.care_plan_completed) AS care_plan_completed,
        upto(c.placement_plan_completed) AS placement_plan_completed, c.latest_review,
        list_contains(s.columns, 'permanence_plan') AS has_permanence_plan,
        list_contains(s.columns, 'permanence_agreed') AS has_permanence_agreed,
        list_contains(s.columns, 'permanence_achieved') AS has_permanence_achieved,
        list_contains(s.columns, 'care_plan_completed') AS has_care_plan_completed,
        list_contains(s.columns, 'placement_plan_completed') AS has_placement_plan_completed,
        list_contains(s.columns, 'latest_review') AS has_latest_review,
        list_contains(s.columns, 'legal_status') AS has_legal_status,
        list_contains(s.columns, 'complex_case') AS has_complex_case,
        coalesce(c.start_unknown, false) AS start_unknown, coalesce(c.yearly, false) AS yearly, c.source, c.row
    FROM snap.cases c JOIN snap.sources s USING (source)
    WHERE c.care_started <= as_at()
)
SELECT
    k.*, lag(k.care_ceased) OVER child AS previous_ceased, k.care_ceased IS NULL AS in_care, lead(k.child_id) OVER child IS NULL AS current,
    k.child_id IN (FROM short_breaks) AS left_out,
    -- Who holds the child on the as-at date, or held it when care ended.
    CASE WHEN a.child_id IS NULL THEN k.case_team ELSE a.team END AS team,
    CASE WHEN a.child_id IS NULL THEN k.case_worker ELSE a.worker END AS worker
FROM known k
LEFT JOIN allocated_from a ON a.child_id = k.child_id AND coalesce(k.care_ceased, as_at()) BETWEEN a.from_day AND a.to_day
WINDOW child AS (PARTITION BY k.child_id ORDER BY k.care_started);

-- One row: a period of care that the rules count (children with short breaks only are left out).
CREATE VIEW periods AS SELECT * FROM children WHERE NOT left_out;

-- One row: a child in care on the as-at date, in the current period of care. Only they are flagged.
CREATE TABLE in_care AS SELECT child_id, care_started FROM periods WHERE in_care AND current;

-- One row: whose a child in a period of care was, from one day to another. With no history, the case's own for all time. Every day
-- is in exactly one row.
CREATE TABLE owners AS
SELECT p.child_id, p.care_started,
    coalesce(a.from_day, DATE '0001-01-01') AS from_day, coalesce(a.to_day, DATE '9999-12-31') AS to_day,
    CASE WHEN a.child_id IS NULL THEN p.case_team ELSE a.team END AS team,
    CASE WHEN a.child_id IS NULL THEN p.case_worker ELSE a.worker END AS worker,
    (row_number() OVER ())::INTEGER AS owner
FROM periods p LEFT JOIN allocated_from a ON a.child_id = p.child_id;
